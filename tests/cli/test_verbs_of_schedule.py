"""Schedules, shown and changed in a terminal."""

import os
from datetime import UTC, datetime

import psutil

from core.model.backup import BackupState, Tier
from core.runtime.identity import ProcessIdentity, _created
from tests.support.aged import aged, catalog, row
from tests.support.terminal import ID, Terminal

GOOD = frozenset({BackupState.GOOD})
DAILY = frozenset({Tier.DAILY})


def test_a_schedule_is_shown_changed_and_reset(safehold: Terminal) -> None:
    """A change shows the runs in the zone and in UTC, names who made it, and goes back to the configuration."""
    shown = safehold("schedule").out
    assert shown.count("UTC") == 2  # what it is called in words, and one column
    assert shown.startswith("orders: daily 03:00, weekly on Sundays, monthly on the 1st, UTC (as configured)")
    words = ["--daily", "04:30", "--weekly", "mon", "--zone", "Asia/Tokyo", "--window", "30m", "--monthly"]
    changed = safehold("schedule", "orders", *words, "last 05:00", "--yes")
    says = "daily 04:30, weekly on Mondays, monthly on the last day 05:00, started within 30m, Asia/Tokyo"
    assert changed.out == f"Saved. orders is backed up: {says}.\n"
    assert changed.err.startswith(f"orders: {says}\n\nNext runs, and the next of each tier:\n")
    told = [line for line in changed.err.splitlines()[3:] if line and not line.startswith("Warning")]
    assert told[0].split() == ["Asia/Tokyo", "UTC", "tiers"]
    runs = [line for line in told[1:] if " 20" in line]
    assert len(runs) >= 5
    assert any("monthly" in line for line in runs)
    assert all(" 04:" in line or " 05:" in line for line in runs)
    # Half past four in Tokyo is half past seven of the evening before in UTC.
    assert all(" 19:" in line or " 20:" in line for line in runs)
    after = safehold("schedule").out
    assert "(set by " in after
    assert "Last changes:" in after
    assert safehold("schedule", "--zone", "Asia/Tokyo").out.endswith("That is its schedule already.\n")
    document = safehold.json("schedule")["schedules"][0]
    assert (document["configured"], document["changed_by"]["door"]) == (False, "command-line")
    assert len(document["next"]) == len(runs)
    assert safehold.json("schedule", "--off", "weekly", "--yes")["schedule"]["fields"]["weekly"] is False
    assert safehold.json("schedule", "--reset", "--yes") == {
        "saved": True,
        "warnings": [],
        "schedule": safehold.json("schedule")["schedules"][0],
    }
    assert "as configured" in safehold("schedule").out
    assert safehold.json("schedule", "--reset", "--yes")["saved"] is False


def test_a_schedule_by_cron_and_one_that_is_off(safehold: Terminal) -> None:
    """Cron stands in place of the tiers that are not named; with all off backups are taken on demand only."""
    expressions = ["--cron", "0 */6 * * *", "--cron", "0 12 1 * * = weekly, monthly"]
    by_cron = safehold.json("schedule", *expressions, "--yes")["schedule"]
    assert by_cron["fields"]["cron"] == {"0 */6 * * *": ["daily"], "0 12 1 * *": ["weekly", "monthly"]}
    assert (by_cron["fields"]["daily"], by_cron["fields"]["weekly"]) == (False, False)
    both = safehold.json("schedule", "--weekly", "off", "--off", "cron", "--monthly", "15", "--yes")["schedule"]
    assert (both["fields"]["cron"], both["fields"]["monthly"]) == ({}, "15")
    assert any("goal is 26h" in warning for warning in both["warnings"])
    assert "Warning: By cron it runs as often as every minute" in safehold("schedule", "--cron", "* * * * *").err
    off = safehold("schedule", "--off", "all", "--yes")
    assert "No run is to come: backups are taken on demand only." in off.err
    safehold.backup()
    assert "No schedule: on demand only." in safehold("list", "orders").out


def test_what_a_change_ends_is_said_before_and_after_it_is_saved(safehold: Terminal) -> None:
    """Cron takes the place of weekly and monthly: preview and answer say that they end, and how they are kept."""
    ends = "Weekly and monthly backups end: by this schedule none are taken any more."
    assert f"Warning: {ends}\n" in safehold("schedule", "--cron", "0 */6 * * *").err
    changed = safehold("schedule", "--cron", "0 */6 * * *", "--yes")
    assert "To keep them: --weekly sunday --monthly 1" in changed.err
    assert changed.out.endswith(f"{ends}\n")
    off = safehold("schedule", "--off", "cron", "--daily", "03:00", "--weekly", "sun 05:00", "--yes")
    assert " end:" not in off.out + off.err
    kept = safehold("schedule", "--cron", "0 */6 * * *", "--weekly", "sun 05:00", "--yes")
    assert " end:" not in kept.out + kept.err
    again = safehold.json("schedule", "--cron", "0 3 * * *", "--yes")
    assert again["warnings"][0] == "Warning: Weekly backups end: by this schedule none are taken any more."


def test_a_window_that_is_shorter_than_the_last_run_is_warned_of(safehold: Terminal) -> None:
    """Whoever sets a window reads that runs go on long after it."""
    backup = safehold.backup()
    with catalog(safehold) as found:
        found.backups.move(backup, GOOD, timings={"store": 3600.0})
    changed = safehold("schedule", "--window", "30m", "--yes")
    assert "Warning: The window is 30m, and the last run took 60 min" in changed.err


def test_where_backups_are_very_frequent_the_answers_say_how_far_they_look(safehold: Terminal) -> None:
    """Ten days of hourly runs are looked at: policy and why name the end, and say nothing of what is later."""
    backup = safehold.backup()
    assert safehold.json("policy")["foreseen"] == {}
    safehold("schedule", "--cron", "0 * * * *", "--yes")
    seen = list(safehold.json("policy")["foreseen"])
    assert seen == ["orders"]
    shown, why = safehold("policy").out, safehold("why", backup).out
    assert "in the next 35 days (of orders only until 20" in shown
    assert ": 240 runs ahead) if backups go on as scheduled." in shown
    assert "Looked ahead until 20" in why
    assert "which is 240 runs: by the schedule it does not go by then." in why


def test_a_list_says_what_is_next_and_how_long_each_is_kept(safehold: Terminal) -> None:
    """Over the list of a source stands its next run; each row has a time, a hold or a reason."""
    old, new = aged(safehold, 2)
    lines = safehold("list", "orders").out.splitlines()
    assert ". Next: daily" in lines[1]
    assert "  kept " in lines[3]
    for key in (old, new):
        assert "until " in row(safehold, key)
    asked = safehold.backup()
    assert "the most recent on-demand one" in row(safehold, asked)
    assert "By the schedule it does not go in the next 100 days." in safehold("why", asked).out
    assert len([line for line in safehold("list").out.splitlines() if ID.match(line)]) == 3
    document = safehold.json("list")["backups"][0]
    assert document["verdict"]["reasons"][0] == {
        "by": "on-demand",
        "says": "the most recent on-demand one",
        "until": None,
    }


def test_that_no_bot_runs_is_said(safehold: Terminal) -> None:
    """Whoever looks at what comes next reads that nobody does it; a bot that was killed is none."""
    asked = (("schedule",), ("policy",), ("doctor",))
    for command in asked:
        assert "No bot runs over this catalog" in " ".join(safehold(*command).out.split())
    me, now = ProcessIdentity.current(), datetime.now(UTC)
    with catalog(safehold) as opened:
        opened.processes.register(f"{me.host}:1:1.00", me.host, 1, 1.0, "bot", now)
    assert safehold.json("schedule")["bot_runs"] is False
    parent = ProcessIdentity(me.host, os.getppid(), _created(psutil.Process(os.getppid())))
    with catalog(safehold) as opened:
        opened.processes.register(parent.owner, parent.host, parent.pid, parent.created, "bot", now)
    for command in asked:
        assert "No bot runs over this catalog" not in " ".join(safehold(*command).out.split())
    assert [safehold.json(*command)["bot_runs"] for command in asked[:2]] == [True, True]
