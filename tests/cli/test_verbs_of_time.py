"""The verbs of time at a terminal: hold and release, why, policy, schedule, freeze."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.commands.browse import MOST_ASKED
from core.catalog import Catalog
from core.model.backup import BackupState, Tier
from core.services.hold_back import HoldBack
from tests.support.terminal import ID, Terminal

GOOD = frozenset({BackupState.GOOD})
DAYS = timedelta(days=1)
DAILY = frozenset({Tier.DAILY})
CONTRADICTION = "contradicts itself"


@contextmanager
def catalog(safehold: Terminal) -> Iterator[Catalog]:
    """Open the catalog beside the command line."""
    with Catalog.open(safehold.workplace.folder / "state" / "catalog.db") as found:
        yield found


def manifest(safehold: Terminal, backup: str) -> dict[str, Any]:
    """Return what the vault says of a backup."""
    path = safehold.workplace.folder / "vault" / "orders" / backup / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found.get("manifest", found)


def aged(safehold: Terminal, days: int) -> list[str]:
    """Return the ids of so many daily backups, the oldest first, the newest of now."""
    ids = [safehold.backup() for _ in range(days)]
    now = datetime.now(UTC)
    with catalog(safehold) as found:
        for age, key in enumerate(reversed(ids)):
            at = now - age * DAYS - age * timedelta(minutes=1)
            found.backups.move(key, GOOD, tiers=DAILY, started_at=at, requested_at=at)
    return ids


def expire(safehold: Terminal, backup: str, days_ago: float = 0.5) -> None:
    """Let a backup go as retention does."""
    at = datetime.now(UTC) - days_ago * DAYS
    changes = {"state": BackupState.EXPIRED, "expired_at": at, "expiry": "older than 7 days (daily)"}
    with catalog(safehold) as found:
        assert found.backups.move(backup, GOOD, **changes)


def row(safehold: Terminal, backup: str) -> str:
    """Return the row of a backup in the list."""
    return next(line for line in safehold("list").out.splitlines() if line.startswith(backup))


def test_a_backup_is_kept_and_released(safehold: Terminal) -> None:
    """A hold stands in the list, in show, in why and in the vault at once, and release takes it from all of them."""
    first, _ = safehold.backup(), safehold.backup()
    assert "no longer the most recent on-demand one" in safehold("why", first).out
    assert "goes next" in row(safehold, first)
    kept = safehold("keep", first, "--until", "2030-02-01", "--why", "the audit")
    assert (kept.code, kept.err) == (0, "")
    assert "is held until 2030-02-01 23:59" in kept.out
    assert '"the audit"' in kept.out
    assert "held until 2030-02-01" in row(safehold, first)
    shown = safehold("show", first).out
    assert "Held          until 2030-02-01" in shown
    assert "Kept because  held: the audit" in shown
    why = safehold("why", first).out
    assert "held: the audit [hold]" in why
    assert "lock " not in why
    assert f"Sooner: safehold release {first}" in why
    assert "the audit" in json.dumps(manifest(safehold, first))
    document = safehold.json("why", first)
    assert document["backup"]["hold"]["reason"] == "the audit"
    assert document["backup"]["verdict"]["locked_by"] == ["hold"]
    released = safehold("release", first)
    assert re.search(r'is released\. It was held until 2030-02-01 23:59 \S+ by \S+: "the audit"\. ', released.out)
    assert "It is let go next: no longer the most recent on-demand one." in released.out
    assert "the audit" not in json.dumps(manifest(safehold, first))
    assert safehold("release", first).code == 3


def test_a_hold_without_end_and_one_by_a_span(safehold: Terminal) -> None:
    """Without a time a hold lasts until it is released; a span counts from now; the second takes the first's place."""
    first, newest = safehold.backup(), safehold.backup()
    assert "is held without end by" in safehold("keep", first, "--why", "for ever").out
    assert row(safehold, first).split("proven")[1].split()[0] == "held"
    assert safehold("why", first).out.count("Sooner: safehold release") == 1
    shorter = safehold("keep", first, "--until", "3mo", "--why", "shorter").out
    assert re.search(r'It takes the place of a hold without end by \S+: "for ever"\.', shorter)
    hold = safehold.json("show", first)["backup"]["hold"]
    assert hold["reason"] == "shorter"
    assert datetime.fromisoformat(hold["until"]) - datetime.now(UTC) < 93 * DAYS
    assert "The policy keeps it: the most recent on-demand one" in kept_and_released(safehold, newest)


def test_what_is_held_or_frozen_until_today_says_the_time(safehold: Terminal) -> None:
    """Of an end that is near the list says the time with its offset; of one that is far the day."""
    first, _ = safehold.backup(), safehold.backup()
    for span, shape in (
        ("5h", r" until \d{4}-\d\d-\d\d \d\d:\d\d [+-]\d\d:\d\d "),
        ("9d", r" until \d{4}-\d\d-\d\d  "),
    ):
        safehold("keep", first, "--why", "the audit", "--until", span)
        assert re.search(f" held{shape}", row(safehold, first))
        safehold("release", first)
        safehold("freeze", "--why", "look", "--until", span)
        assert re.search(f" frozen{shape}", row(safehold, first))


def test_why_and_show_say_a_verdict_in_one_shape(safehold: Terminal) -> None:
    """A script finds the reasons of a backup at the same place in both, and in why the locks besides, each once."""
    backup = safehold.backup()
    safehold("freeze", "--until", "7d", "--why", "look")
    why, show = safehold.json("why", backup), safehold.json("show", backup)
    assert why["backup"] == show["backup"]
    assert [reason["by"] for reason in why["backup"]["verdict"]["reasons"]] == ["on-demand"]
    assert "reasons" not in why
    besides = {reason["by"]: set(reason) for reason in why["besides"]}
    assert besides["freeze"] == {"by", "says", "until"}
    assert "on-demand" not in besides


def test_release_is_advised_only_where_it_frees_something(safehold: Terminal) -> None:
    """Why says Sooner where a hold lasts longer than all else, and that nothing is freed where a rule lasts as long."""
    old, newest = *aged(safehold, 2)[:1], safehold.backup()
    nothing = "Releasing it frees nothing: what else keeps it lasts as long."
    for backup, until, advised in ((newest, "30d", False), (newest, "", False), (old, "30d", True), (old, "2d", False)):
        safehold("keep", backup, "--why", "the audit", *(("--until", until) if until else ()))
        why = safehold("why", backup).out
        assert (f"Sooner: safehold release {backup}" in why) is advised
        assert (nothing in why) is not advised
        assert ("It stays until " in why) is bool(until)


def kept_and_released(safehold: Terminal, backup: str) -> str:
    """Return what release says of a backup that the policy keeps."""
    safehold("keep", backup, "--why", "for a moment")
    return safehold("release", backup).out


def test_a_hold_that_the_vault_could_not_take_says_so(safehold: Terminal) -> None:
    """While the vault is away the hold stands in the catalog, and the person reads that the manifest waits."""
    backup, folder = safehold.backup(), safehold.workplace.folder
    (folder / "vault").rename(folder / "away")
    kept = safehold("keep", backup, "--why", "the audit")
    assert kept.code == 0
    assert "is held without end" in kept.out
    assert "The vault local could not be written: its manifest does not say so yet. It holds all the same" in kept.err
    assert safehold.json("release", backup)["in_manifest"] is False
    (folder / "away").rename(folder / "vault")
    assert safehold.json("keep", backup, "--why", "again")["in_manifest"] is True


def test_a_hold_on_a_backup_whose_manifest_is_gone_warns(safehold: Terminal) -> None:
    """Whoever holds a backup that turns out to be damaged learns it at once."""
    backup = safehold.backup()
    (safehold.workplace.folder / "vault" / "orders" / backup / "manifest.json").unlink()
    assert (
        "Warning: it is damaged. The vault local holds no finished backup" in safehold("keep", backup, "--why", "x").err
    )


@pytest.mark.parametrize(
    ("words", "code", "says", "hint"),
    [
        (["keep", "ID", "--why", "x", "--until", "2020-01-01"], 2, "is past.", "Name a time to come"),
        (["keep", "ID", "--why", "x", "--until", "soon"], 2, '"soon" is no time.', "2027-02-01"),
        (["keep", "ID", "--why", "x", "--until", "3m"], 2, '"3m" would be minutes', "3mo for three months"),
        (["keep", "ID", "--why", "x", "--until", "50y"], 2, "ten years at most", "Leave the date out"),
        (["keep", "ID"], 2, "A hold needs a reason.", "--why"),
        (["keep", "ID", "--why", " "], 2, "A hold needs a reason.", "--why"),
        (["keep", "ID", "--why", "two\nlines"], 2, "line break", "one line"),
        (["keep", "ffffff0", "--why", "x"], 2, "ffffff0", "safehold"),
        (["release", "ID"], 3, "Nobody holds", "Nothing was changed."),
        (["why", "ffffff0"], 2, "ffffff0", "safehold"),
        (["freeze"], 2, "Say until when.", "safehold freeze --until 7d"),
        (["freeze", "--until", "7d"], 2, "A freeze needs a reason.", "safehold freeze"),
        (["freeze", "--until", "2020-01-01", "--why", "x"], 2, "is past.", "Name a time to come"),
        (["freeze", "--until", "3m", "--why", "x"], 2, '"3m" would be minutes', "3mo for three months"),
        (["freeze", "--until", "3y", "--why", "x"], 2, "A freeze lasts a year at most.", "Name a time up to 20"),
        (["thaw"], 3, "Retention is not frozen.", "Nothing was changed."),
        (["policy", "ordrs"], 2, "I don't know a source ordrs.", "Did you mean orders?"),
        (["schedule", "ordrs"], 2, "I don't know a source ordrs.", "Did you mean orders?"),
        (["schedule", "ordrs", "--daily", "03:00"], 2, "I don't know a source ordrs.", "Did you mean orders?"),
        (["schedule", "--zone", "CET"], 2, "short or old name", "Europe/Berlin"),
        (["schedule", "--daily", "25:00"], 2, "daily is", "03:00"),
        (["schedule", "--weekly", "someday"], 2, "no day of the week", "sunday"),
        (["schedule", "--monthly", "32"], 2, "no day of a month", "1 to 31"),
        (["schedule", "--cron", "* * *"], 2, "no cron expression", "minute, hour"),
        (["schedule", "--cron", "0 3 * * * = hourly"], 2, "is no tier of a schedule", "daily"),
        (["schedule", "--window", "40h"], 2, "no window", "23h"),
        (["schedule", "--off", "hourly"], 2, "--off takes no hourly.", "daily, weekly, monthly, cron, all"),
        (["schedule", "--off", "weekly", "--weekly", "mon"], 2, CONTRADICTION, "Leave out --weekly or --off weekly."),
        (["schedule", "--daily", "03:00", "--at", "04:00"], 2, CONTRADICTION, "the same time"),
        (["schedule", "--reset", "--daily", "03:00"], 2, "--reset goes back", "Leave out"),
        (["schedule", "--daily", "04:00"], 2, "Nobody is here to ask whether to change the schedule", "Add --yes"),
    ],
)
def test_what_cannot_be_is_refused_with_the_next_step(
    safehold: Terminal, words: list[str], code: int, says: str, hint: str
) -> None:
    """Each mistake has its exit code, its reason and its next step, and changes nothing."""
    backup = safehold.backup() if "ID" in words else ""
    refused = safehold(*(backup if word == "ID" else word for word in words))
    assert (refused.code, refused.out) == (code, "")
    assert says in refused.err
    assert hint in refused.err
    assert safehold.json("list")["freeze"] is None
    assert safehold.json("schedule")["schedules"][0]["configured"] is True


def test_an_incident_freeze_stands_on_every_list(safehold: Terminal) -> None:
    """From freeze to thaw each list and the policy begin with it, an empty list too, and the document has it."""
    frozen = safehold("freeze", "--until", "7d", "--why", "rows are missing")
    assert frozen.code == 0
    assert "Retention is frozen until " in frozen.out
    for words in (["list"], ["list", "orders"], ["policy"]):
        assert safehold(*words).out.startswith("FROZEN until ")
    first, _ = safehold.backup(), safehold.backup()
    assert "frozen until" in row(safehold, first)
    assert "nothing goes while retention is frozen [freeze]" in safehold("why", first).out
    why, document = safehold("why", first).out, safehold.json("why", first)
    assert "If backups go on as scheduled, its bytes are deleted from" in why
    foretold = safehold.json("policy")
    [row_of] = foretold["leaving"]
    assert (row_of["id"], row_of["at"]) == (first, document["leaves_at"])
    assert document["leaves_at"] > document["backup"]["verdict"]["kept_until"] == foretold["freeze"]["until"]
    assert safehold.json("list")["freeze"]["reason"] == "rows are missing"
    assert safehold.json("policy")["freeze"]["by"]["door"] == "command-line"
    thawed = safehold("thaw")
    assert thawed.out.startswith("Retention goes on. It was frozen by ")
    assert not safehold("list").out.startswith("FROZEN")
    assert safehold.json("list")["freeze"] is None


def test_what_was_let_go_is_told_as_such(safehold: Terminal) -> None:
    """An expired backup says why and from when its bytes go, and keep saves it; being deleted and gone say so."""
    first, second, third, _ = aged(safehold, 4)
    for key in (first, second, third):
        expire(safehold, key)
    assert "expired, proven: older than 7 days (daily)" in row(safehold, first)
    # Four daily ones have seven places: the policy would keep them after all, and that is what is shown.
    assert "until " in row(safehold, first)
    with catalog(safehold) as found:
        found.backups.move(second, frozenset({BackupState.EXPIRED}), state=BackupState.PRUNING)
        gone = {"state": BackupState.PRUNED, "pruned_at": datetime.now(UTC)}
        found.backups.move(third, frozenset({BackupState.EXPIRED}), **gone)
    assert "expired: being deleted" in row(safehold, second)
    assert "it is being deleted" in safehold("why", second).out
    assert third not in safehold("list").out
    shown = safehold("show", third).out
    assert "Goes because  older than 7 days (daily)" in shown
    assert "Pruned" in shown
    assert "Its bytes were deleted" in safehold("why", third).out
    assert safehold("keep", third, "--why", "too late").code == 3
    assert safehold("keep", first, "--why", "saved").code == 0
    assert safehold.json("show", first)["backup"]["state"] == "good"


def test_what_goes_next_says_what_it_was_taken_for_and_how_far_it_was_checked(safehold: Terminal) -> None:
    """A row of what goes has the note of its backup and its proof, in words and in the document."""
    safehold("now", "--note", "before the migration")
    safehold.backup()
    shown = safehold("policy").out
    [line] = [line for line in shown.splitlines() if "before the migration" in line]
    assert " proven " in line
    [leaving] = safehold.json("policy")["leaving"]
    assert (leaving["note"], leaving["state"], leaving["proof"]) == ("before the migration", "good", "proven")


def test_no_door_names_a_date_inside_a_freeze(safehold: Terminal) -> None:
    """Of an expired backup the row, why and both documents have one date: the end of the freeze."""
    first, _ = safehold.backup(), safehold.backup()
    expire(safehold, first)
    safehold("freeze", "--until", "10d", "--why", "look")
    why, until = safehold.json("why", first), safehold.json("policy")["freeze"]["until"]
    [leaving] = safehold.json("policy")["leaving"]
    assert why["leaves_at"] == why["backup"]["verdict"]["kept_until"] == leaving["at"] == until
    assert safehold("why", first).out.count(until[:10]) >= 2


def test_a_schedule_that_is_off_is_said_where_nothing_can_be_foretold(safehold: Terminal) -> None:
    """What waits for a backup that nothing takes is not listed: policy and why say what it waits for."""
    first, _ = safehold.backup(), safehold.backup()
    safehold("keep", first, "--until", "2d", "--why", "look")
    assert [one["id"] for one in safehold.json("policy")["leaving"]] == [first]
    assert "If backups go on as scheduled, its bytes are deleted from" in safehold("why", first).out
    assert safehold("schedule", "orders", "--off", "all", "--yes").code == 0
    shown = safehold.json("policy")
    assert (shown["leaving"], shown["unscheduled"]) == ([], ["orders"])
    assert "No backup is scheduled of orders: what waits for a newer good one goes" in safehold("policy").out
    assert "It is let go with the first good backup after that." in safehold("why", first).out


def test_an_expired_one_says_from_when_it_is_deleted(safehold: Terminal) -> None:
    """Beside a good one of later, an expired on-demand one has the day from which its bytes go."""
    first, _ = safehold.backup(), safehold.backup()
    expire(safehold, first)
    assert "deleted from " in row(safehold, first)
    assert "Deleted from" in safehold("show", first).out
    why = safehold("why", first).out
    assert "is not kept. Its bytes are deleted from" in why
    assert "Until then safehold keep saves it." in why
    (leaving,) = safehold.json("policy")["leaving"]
    assert (leaving["id"], leaving["why"]) == (first, "older than 7 days (daily)")


def test_a_failed_backup_has_nothing_to_keep(safehold: Terminal) -> None:
    """Of a run that stored nothing the list says no time, and why says that its record stays."""
    vault = safehold.workplace.folder / "vault"
    vault.rename(vault.with_name("away"))
    safehold("now")
    vault.with_name("away").rename(vault)
    (failed,) = safehold.json("list")["backups"]
    assert failed["verdict"] is None
    assert "nothing of it is stored: its record stays" in safehold("why", failed["id"]).out


def test_a_policy_says_its_rules_and_what_goes_next(safehold: Terminal) -> None:
    """Rules in words, then a page of what goes, soonest first, with when and why; the next page can be asked for."""
    ids = aged(safehold, 9)
    shown = safehold("policy", "orders", "--limit", "2").out
    assert shown.startswith("What is kept of orders (policy compose):\n  daily: 7 days\n  weekly: 4 weeks\n")
    assert "What is let go keeps its bytes 24 h more" in shown
    assert "older than 7 days (daily)" in shown
    assert "2 of " in shown
    assert "Next page: safehold policy orders --limit 2 --page 2" in shown
    found = safehold.json("policy", "--limit", "1000")
    soonest = [one["id"] for one in found["leaving"]]
    # Two go at once, and the rest one by one.
    assert (set(soonest[:2]), soonest[2:4]) == (set(ids[:2]), ids[2:4])
    second = safehold.json("policy", "--limit", "2", "--page", "2")["leaving"]
    assert [one["id"] for one in second] == ids[2:4]
    assert "Next page" not in safehold("policy", "--limit", "1000").out
    assert "If backups go on as scheduled, its bytes are deleted from" in safehold("why", ids[3]).out
    rules = ", ".join(found["policies"][0]["rules"])
    assert f"What is kept of orders: {rules} (policy compose)." in safehold("why", ids[3]).out


def test_what_is_held_back_waits_for_a_yes(safehold: Terminal) -> None:
    """The policy says what is held back and why; a yes is asked for, and refused where nothing waits."""
    nothing = safehold("let-go", "--yes")
    assert (nothing.code, "Nothing of orders is held back." in nothing.err) == (3, True)
    facts = {"at": "2026-11-27T02:00:00+00:00", "count": 12, "of": 20, "why": "The reasons: older than 7 days (12)."}
    facts |= {"set": "5d0c91ab"}
    with catalog(safehold) as found, found.write():
        found.marks.put("held back orders", json.dumps(facts))
    says = f"HELD BACK: 12 of 20 good backups of orders would go at once, so none does. {facts['why']}"
    assert safehold("policy").out.startswith(f"{says} If that is meant: safehold let-go orders\n")
    assert safehold.json("policy")["held_back"] == [{"source": "orders", **facts}]
    unasked = safehold("let-go")
    assert (unasked.code, "Add --yes" in unasked.err) == (2, True)
    allowed = safehold("let-go", "orders", "--yes")
    assert allowed.err == f"{says}\n"
    assert "what is held back may go until" in allowed.out
    with catalog(safehold) as found:
        assert HoldBack(found).allowed("orders", datetime.now(UTC)) == "5d0c91ab"


def test_what_would_be_held_back_is_foretold_to_wait(safehold: Terminal) -> None:
    """The preview says what waits for a yes and how to say it, and names no date; why says the same."""
    backup = safehold.backup()
    with catalog(safehold) as found:
        like = found.backups.get(backup)
        ids = [f"20260101T000000Z-{number:06x}" for number in range(12)]
        found.backups.adopt_many(replace(like, id=key, requested_at=like.requested_at - 9 * DAYS) for key in ids)
    shown = safehold("policy", "orders").out
    assert shown.endswith("What is held back goes only after a yes: safehold let-go orders\n")
    assert " held back no longer the most recent on-demand one " in " ".join(shown.split())
    leaving = safehold.json("policy")["leaving"]
    assert {(one["at"], one["held_back"]) for one in leaving} == {(None, True)}
    why = safehold("why", ids[0]).out
    assert "Most of orders would go with it, so it goes only after a yes: safehold let-go orders." in why
    assert safehold.json("why", ids[0])["leaves_at"] is None


def test_very_many_backups_are_not_all_asked_about(safehold: Terminal) -> None:
    """Of a source that stores very many, a list leaves the times out, and why answers without a look ahead."""
    backup = safehold.backup()
    with catalog(safehold) as found:
        like = found.backups.get(backup)
        ids = (f"20200101T000000Z-{number:06x}" for number in range(MOST_ASKED))
        found.backups.adopt_many(replace(like, id=key, requested_at=like.requested_at - 900 * DAYS) for key in ids)
    document = safehold.json("list", "--limit", "1")
    assert document["total"] == MOST_ASKED + 1
    assert document["backups"][0]["verdict"] is None
    why = safehold("why", backup).out
    assert "is kept." in why
    assert "By the backups so far" not in why


def test_every_source_has_its_policy(safehold: Terminal) -> None:
    """Without a name each source is shown; one whose rules count days says whose days."""
    config = safehold.workplace.config
    more = '[sources.albums]\nengine = "sqlite"\npath = "orders.db"\npolicy = "long"\n[policies.long]\ndaily = 14\n'
    config.write_text(more + config.read_text())
    shown = safehold("policy").out
    assert (
        "What is kept of albums (policy long, whose days are those of UTC):\n  the newest of the day: 14 days" in shown
    )
    assert "What is kept of orders (policy compose):\n" in shown
    assert "Of the backups that there are now none goes in the next 35 days" in shown
    both = safehold("schedule").out
    assert "albums" in both
    assert both.count("as configured") == 2
    asked = safehold("schedule", "--daily", "04:00")
    assert "Say which source to schedule." in asked.err
    assert "For example: safehold schedule albums." in asked.err
    many = "".join(f'[sources.s{n}]\nengine = "sqlite"\npath = "orders.db"\n' for n in range(50))
    config.write_text(many + config.read_text())
    assert "Name one: safehold policy albums" in safehold("policy").err


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
