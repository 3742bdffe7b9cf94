"""The configuration of schedules: the team's zone, one schedule for all sources, changes for single ones."""

from dataclasses import replace
from datetime import time
from functools import partial
from pathlib import Path

import pytest

from core.model.backup import Tier
from core.model.options import Option, Shapes
from core.model.schedule import DEFAULT, Cron, Monthly, Schedule, Weekday, Weekly
from core.model.schedule_words import OFF
from tests.support.configured import faults_of, read_text

PATH = (Option("path", "path", required=True, says="Where it is."),)
SHAPES = Shapes(engines={"sqlite": PATH}, vaults={"directory": PATH}, provisioners={"process": PATH})
SOURCE = '[sources.gods]\nengine = "sqlite"\npath = "a"\n'
REST = '[vaults.local]\ntype = "directory"\npath = "b"\n[provisioners.here]\ntype = "process"\npath = "c"\n'
OWN = "[sources.gods.schedule]\n"
read, faults = partial(read_text, SHAPES), partial(faults_of, SHAPES)


def test_with_nothing_configured_there_are_daily_weekly_and_monthly(tmp_path: Path) -> None:
    """A source that says nothing of schedules is backed up all the same."""
    config = read(tmp_path, SOURCE + REST)
    assert config.zone == "UTC"
    assert config.sources["gods"].schedule == DEFAULT == Schedule()
    assert config.sources["gods"].options == {"path": tmp_path / "a"}


WRITTEN = {
    'zone = "Europe/Berlin"\n': Schedule("Europe/Berlin"),
    f'{OWN}at = "04:15"\nwindow = "30m"\n': Schedule(at=time(4, 15), window_seconds=1800),
    f'{OWN}daily = "04:15"\n': Schedule(at=time(4, 15)),
    f'{OWN}daily = "04:15"\nat = "04:15"\n': Schedule(at=time(4, 15)),
    f'{OWN}daily = true\nweekly = true\nmonthly = true\nat = ""\n': Schedule(),
    f'{OWN}daily = false\nweekly = "mon"\nmonthly = false\n': Schedule(
        daily=False, weekly=Weekly(Weekday.MONDAY), monthly=None
    ),
    f'{OWN}weekly = "sunday 05:00"\nmonthly = "last 04:00"\n': Schedule(
        weekly=Weekly(Weekday.SUNDAY, time(5)), monthly=Monthly("last", time(4))
    ),
    f"{OWN}monthly = 31\n": Schedule(monthly=Monthly(31)),
    f'{OWN}cron = "0 */6 * * *"\n': replace(OFF, crons=(Cron("0 */6 * * *"),)),
    f'{OWN}weekly = "sat"\ncron = {{ "0 3 * * *" = ["daily", "monthly"] }}\n': replace(
        OFF,
        weekly=Weekly(Weekday.SATURDAY),
        crons=(Cron("0 3 * * *", frozenset({Tier.DAILY, Tier.MONTHLY})),),
    ),
    f'zone = "Asia/Tokyo"\n[schedule]\nat = "01:00"\nweekly = false\n{OWN}monthly = 2\n': Schedule(
        "Asia/Tokyo", time(1), weekly=None, monthly=Monthly(2)
    ),
    f'zone = "Asia/Tokyo"\n[schedule]\nzone = "Europe/Paris"\n{OWN}zone = "UTC"\n': Schedule("UTC"),
    f'[schedule]\ncron = "0 1 * * *"\n{OWN}cron = false\ndaily = true\n': Schedule(weekly=None, monthly=None),
}


@pytest.mark.parametrize(("text", "expected"), WRITTEN.items(), ids=WRITTEN)
def test_a_written_schedule_arrives(tmp_path: Path, text: str, expected: Schedule) -> None:
    """What a source says goes over what [schedule] says, and that over the team's zone and the default."""
    above, own, below = text.partition(OWN)
    assert read(tmp_path, above + SOURCE + own + below + REST).sources["gods"].schedule == expected


def test_the_teams_zone_is_told_to_all(tmp_path: Path) -> None:
    """The zone above all tables is known beside the schedules too."""
    assert read(tmp_path, f'zone = "Asia/Tokyo"\n{SOURCE}{REST}').zone == "Asia/Tokyo"


FAULTS = {
    'zone = "CET"\n': 'line 1: zone is "CET", a short or old name that can mean several things. Write "Europe/Berlin"',
    "zone = 1\n": "line 1: zone is 1. Write a text in quotes.",
    "[schedule]\ntime = 3\n": "line 2: schedule.time is not known.",
    '[schedule]\nzone = "Europe/Berlim"\n': 'line 2: schedule.zone is "Europe/Berlim", and no zone has that',
    "schedule = 1\n": "line 1: schedule is 1. Write it as a table: [schedule]",
    f'{OWN}zone = "UTC+2"\n': 'line 5: sources.gods.schedule.zone is "UTC+2", a fixed offset that follows',
    f'{OWN}at = "3am"\n': 'line 5: sources.gods.schedule.at is "3am", which is no time of day. Write one like "03:00"',
    f"{OWN}at = 03:00:00\n": 'line 5: sources.gods.schedule.at is "03:00:00". Write a text in quotes.',
    f'{OWN}daily = "noon"\n': 'line 5: sources.gods.schedule.daily is "noon", which is no time of day.',
    f"{OWN}daily = 3\n": "line 5: sources.gods.schedule.daily is 3, which is no daily rule. Write true, false, or its",
    f'{OWN}at = "01:00"\ndaily = "02:00"\n': 'line 6: sources.gods.schedule.daily is "02:00", and at is "01:00". Keep',
    f'{OWN}weekly = "sundey"\n': 'line 5: sources.gods.schedule.weekly is "sundey", which is no day of the week.',
    f"{OWN}monthly = 32\n": "line 5: sources.gods.schedule.monthly is 32, which is no day of a month. Write 1 to 31",
    f'{OWN}window = "24h"\n': 'line 5: sources.gods.schedule.window is "24h", which is no window. Write how long it',
    f'{OWN}window = "half"\n': 'line 5: sources.gods.schedule.window is "half". Write a duration like',
    f'{OWN}cron = "0 3 * *"\n': 'line 5: sources.gods.schedule.cron is "0 3 * *", which is no cron expression of five',
    f'{OWN}cron = {{ "0 3 * * *" = "hourly" }}\n': 'line 5: sources.gods.schedule.cron is for "hourly". Name tiers:',
    f"{OWN}wekly = 1\n": "line 5: sources.gods.schedule.wekly is not known. Did you mean weekly?",
    "schedul = 3\n": "line 1: schedul is not known. Did you mean schedule?",
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.items(), ids=FAULTS)
def test_a_fault_in_a_schedule_has_its_line_and_the_fix(tmp_path: Path, text: str, expected: str) -> None:
    """One mistake gives one fault that says where, what and what to write instead."""
    above, own, below = text.partition(OWN)
    (fault,) = faults(tmp_path, above + SOURCE + own + below + REST)
    assert f"safehold.toml {expected}" in fault


def test_a_source_whose_schedule_is_no_table_learns_how_to_write_it(tmp_path: Path) -> None:
    """A text in place of the table is a fault of its own."""
    (fault,) = faults(tmp_path, f'{SOURCE}schedule = "daily"\n{REST}')
    assert 'sources.gods.schedule is "daily". Write it as a table: [sources.gods.schedule]' in fault


def test_a_secret_in_a_schedule_is_told_once_and_not_repeated(tmp_path: Path) -> None:
    """A token in any key of a schedule is one fault, and no message holds it."""
    found = faults(tmp_path, f'zone = "xoxb-canary"\n{SOURCE}{OWN}weekly = "xoxb-canary"\n{REST}')
    assert len(found) == 2
    assert "canary" not in "".join(found)
