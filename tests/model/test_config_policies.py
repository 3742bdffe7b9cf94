"""Policies in the configuration: named, checked, and never below the floor."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.bootstrap import SHAPES
from core.config import Config, read_config
from core.errors import ConfigInvalid
from core.model.backup import Tier
from core.model.policy import COMPOSE, Policy
from core.model.retention import verdicts
from core.model.span import Span, Unit
from core.model.verdict import Candidate

TEXT = """\
[sources.orders]
engine = "sqlite"
path = "orders.db"
policy = "long"

[vaults.local]
type = "directory"
path = "vault"

[provisioners.here]
type = "process"
directory = "instances"

[policies.long]
"""


def read(folder: Path, text: str) -> Config:
    """Read a configuration that holds this text."""
    path = folder / "safehold.toml"
    path.write_text(text, "utf-8")
    return read_config(path, SHAPES)


def faults(folder: Path, text: str) -> list[str]:
    """Return the faults of this text, without the file's name."""
    with pytest.raises(ConfigInvalid) as caught:
        read(folder, text)
    return [line.removeprefix("safehold.toml ") for line in str(caught.value).split("\n")]


def test_a_source_has_the_fixed_policy_unless_it_names_another(tmp_path: Path) -> None:
    """Nothing has to be written for daily 7 days, weekly 4 weeks, monthly 3 months and one on-demand."""
    text = TEXT.replace('policy = "long"\n', "").replace("[policies.long]\n", "")
    config = read(tmp_path, text)
    assert config.policies == {"compose": COMPOSE}
    assert config.policies[config.sources["orders"].policy] is COMPOSE


def test_every_rule_can_be_written(tmp_path: Path) -> None:
    """Each key arrives as the rule that it names."""
    rules = """\
last = 3
within = "36h"
hourly = 24
daily = 14
weekly = 8
monthly = 12
yearly = 5
daily_for = "14d"
weekly_for = "4w"
monthly_for = "3mo"
on_demand_for = "1y"
on_demand = 2
floor = 3
"""
    config = read(tmp_path, TEXT + rules)
    assert config.sources["orders"].policy == "long"
    assert config.policies["long"] == Policy(
        "long",
        last=3,
        within=Span(36, Unit.HOUR),
        newest_of=((Unit.HOUR, 24), (Unit.DAY, 14), (Unit.WEEK, 8), (Unit.MONTH, 12), (Unit.YEAR, 5)),
        spans=(
            (Tier.DAILY, Span(14, Unit.DAY)),
            (Tier.WEEKLY, Span(4, Unit.WEEK)),
            (Tier.MONTHLY, Span(3, Unit.MONTH)),
            (Tier.ON_DEMAND, Span(1, Unit.YEAR)),
        ),
        on_demand=2,
        floor=3,
    )


def test_the_longest_look_back_that_is_taken_can_be_counted(tmp_path: Path) -> None:
    """With every count at its highest the verdicts of today and of centuries on still come."""
    rules = "hourly = 10000\ndaily = 10000\nweekly = 5214\nmonthly = 1216\nyearly = 100\n"
    policy = read(tmp_path, TEXT + rules).policies["long"]
    for year in (2026, 2500):
        at = datetime(year, 12, 31, 23, 30, tzinfo=UTC)
        assert verdicts([Candidate("one", at)], policy, at)["one"].keep


def test_compose_can_be_said_in_keys(tmp_path: Path) -> None:
    """The fixed policy is nothing that others can't have under their own name."""
    rules = 'daily_for = "7d"\nweekly_for = "4w"\nmonthly_for = "3mo"\non_demand = 1\n'
    assert read(tmp_path, TEXT + rules).policies["long"].rules == COMPOSE.rules


@pytest.mark.parametrize("rule", ["last = 1", "on_demand = 1", "yearly = 1", 'within = "1h"', 'weekly_for = "1w"'])
def test_one_rule_is_enough(tmp_path: Path, rule: str) -> None:
    """A policy needs no more than one rule, and has its floor by itself."""
    policy = read(tmp_path, f"{TEXT}{rule}\n").policies["long"]
    assert len(policy.rules) == 2
    assert policy.floor == 1


@pytest.mark.parametrize(
    ("rules", "line", "says"),
    [
        ("", 14, "policies.long keeps nothing beyond its floor. Add a rule like last = 7"),
        ("floor = 9", 14, "policies.long keeps nothing beyond its floor."),
        ('within = ""', 14, "policies.long keeps nothing beyond its floor."),
        ("lsat = 7", 15, "policies.long.lsat is not known. Did you mean last?"),
        ("last = 0", 15, "policies.long.last is 0. Write a number from 1 to 10000, or take it out."),
        ("daily = -7", 15, "policies.long.daily is -7. Write a number from 1 to 10000"),
        ("on_demand = 10001", 15, "policies.long.on_demand is 10001."),
        ("yearly = 10000", 15, "policies.long.yearly is 10000. Write a number from 1 to 100, or take it out."),
        ("monthly = 1217", 15, "policies.long.monthly is 1217. Write a number from 1 to 1216, or take it out."),
        ('weekly = "4"', 15, 'policies.long.weekly is "4". Write a whole number without quotes.'),
        (
            "last = 1\nfloor = 0",
            16,
            "policies.long.floor is 0, and the newest good backup always stays. Write a number",
        ),
        ("last = 1\nfloor = 1001", 16, "policies.long.floor is 1001"),
        ('within = "3m"', 15, 'policies.long.within is "3m". Write a time like "36h", "14d", "4w", "3mo" or "1y".'),
        ('within = "0d"', 15, 'policies.long.within is "0d". Write a time between "1h" and "100y".'),
        ('monthly_for = "101y"', 15, 'policies.long.monthly_for is "101y". Write a time between'),
        ("daily_for = 7", 15, "policies.long.daily_for is 7. Write a text in quotes."),
        ("dayly = 7\nlast = 1", 15, "policies.long.dayly is not known. Did you mean daily?"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_the_fix(tmp_path: Path, rules: str, line: int, says: str) -> None:
    """Each fault is told once, where it stands."""
    (fault,) = faults(tmp_path, f"{TEXT}{rules}\n")
    assert fault.startswith(f"line {line}: {says}")


def test_every_fault_of_every_policy_is_told_at_once(tmp_path: Path) -> None:
    """Whoever corrects a file sees all of it."""
    text = f'{TEXT}last = 0\nfloor = 0\n[policies.Bad]\nlast = 1\n[policies.worse]\nwithin = "soon"\n'
    assert [fault.partition(":")[0] for fault in faults(tmp_path, text)] == ["line 15", "line 16", "line 17", "line 20"]


def test_the_fixed_policy_cannot_be_changed(tmp_path: Path) -> None:
    """A table [policies.compose] is refused, whatever it says."""
    text = TEXT.replace("long", "compose") + "last = 7\n"
    assert faults(tmp_path, text) == [
        "line 14: policies.compose is fixed and can't be changed. Give yours another name, and name it at the source."
    ]


@pytest.mark.parametrize(("name", "meant"), [("lnog", "long"), ("Compose", "compose")])
def test_an_unknown_policy_is_told_with_the_nearest(tmp_path: Path, name: str, meant: str) -> None:
    """A source that names no policy there is gets the one it may have meant."""
    text = TEXT.replace('policy = "long"', f'policy = "{name}"') + "last = 7\n"
    assert faults(tmp_path, text) == [
        f'line 4: sources.orders.policy is "{name}", and no policy has that name. Did you mean {meant}?'
    ]


def test_a_policy_that_is_no_table_is_told(tmp_path: Path) -> None:
    """A value where a table belongs is refused with how to write it."""
    text = TEXT.replace("[policies.long]\n", '[policies]\nlong = "7d"\n')
    assert faults(tmp_path, text) == ['line 15: policies.long is "7d". Write it as a table: [policies.long]']


def test_grace_is_read(tmp_path: Path) -> None:
    """How long bytes stay after a backup was let go is written under [retention]."""
    text = TEXT.replace('policy = "long"\n', "").replace("[policies.long]", '[retention]\ngrace = "2h"')
    assert read(tmp_path, text).grace_seconds == 7_200
