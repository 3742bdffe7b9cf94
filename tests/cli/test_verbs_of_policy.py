"""What goes next and when, asked in a terminal."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cli.commands.browse import MOST_ASKED
from core.model.backup import BackupState, Tier
from core.model.freeze import Freeze
from core.services.hold_back import HoldBack
from tests.support.aged import aged, catalog
from tests.support.terminal import Terminal
from tests.support.world import ANNA

GOOD = frozenset({BackupState.GOOD})
DAYS = timedelta(days=1)
DAILY = frozenset({Tier.DAILY})


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


def test_freeze_that_replaces_another_persons_says_whose(safehold: Terminal) -> None:
    """One's own is lengthened without a word of it."""
    now = datetime.now(UTC)
    with catalog(safehold) as opened:
        opened.freezes.place(Freeze(ANNA, "an incident", now, now + timedelta(days=7)))
    says = f"It replaces the freeze of anna until {(now + timedelta(days=7)).astimezone():%Y-%m-%d}"
    assert says in safehold("freeze", "--until", "30d", "--why", "longer").out
    assert "replaces" not in safehold("freeze", "--until", "40d", "--why", "longer still").out
