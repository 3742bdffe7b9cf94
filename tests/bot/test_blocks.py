"""Any values make blocks that Slack takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import answers, home, instance, keeping, listing, policy, restore
from bot.blocks import backup as backups
from bot.blocks.keeping import Keeping
from bot.blocks.parts import text_in
from bot.blocks.text import cut_markup, escape, step
from core.errors import Stale
from core.model.backup import Backup, BackupState, Failure, Page, Proof, Tier
from core.model.freeze import Freeze
from core.model.instance import Instance
from core.model.person import Door, Person
from core.model.place import Needs
from core.model.plan import RestorePlan
from core.model.policy import COMPOSE
from core.model.progress import Step, Unit
from core.model.restore import Restore, RestoreState
from core.model.source import Source
from core.model.verdict import Verdict
from core.services.browse import Dashboard, SourceStatus
from core.services.retention import Leaving
from tests.bot.drawn import (
    NOW,
    PLAN,
    counts,
    few,
    freezes,
    instances,
    many,
    moments,
    names,
    plans,
    restores,
    some_backups,
    statuses,
    verdicts,
    words,
)
from tests.bot.limits import check_blocks, check_view
from tests.bot.people import words as words_in


@few
@given(some_backups, st.none() | some_backups)
def test_backup_messages_fit(one: Backup, last_good: Backup | None) -> None:
    """A backup's message, reply and details fit whatever it holds."""
    blocks, text = backups.message(one, last_good)
    check_blocks(blocks)
    assert "<!channel>" not in text
    ended = backups.outcome(one)
    if ended is not None:
        check_blocks(ended[0])
    check_blocks(backups.details(one))
    check_blocks(answers.initiated(one, one.requested_by, joined=True))


@few
@given(many(some_backups, 10), st.integers(0, 9), many(names, 200), st.none() | statuses, verdicts, freezes)
def test_lists_fit(
    rows: list[Backup],
    opened: int,
    sources: list[str],
    shown: SourceStatus | None,
    verdict: Verdict,
    freeze: Freeze | None,
) -> None:
    """A full page with an open row fits, with any number of sources, whatever retention says of it."""
    found = tuple(replace(row, id=f"{n}") for n, row in enumerate(rows))
    page = Page(found, 1, 10**6, older_than="x" * 23, newer_than="y" * 23)
    place = listing.ListPlace(source=shown.source.name if shown else "", opened=f"{opened}")
    kept = Keeping({row.id: verdict for row in found}, 86_400, freeze)
    blocks = listing.listing(page, place, listing.Frame(sources, shown, NOW, "news", kept))
    check_blocks(blocks)
    assert text_in(blocks) <= 12_000
    if len(sources) > 99:
        assert f"99 of {len(sources)} sources are in the menu" in words_in(blocks)


@few
@given(some_backups, verdicts)
def test_what_is_said_of_keeping_fits(one: Backup, verdict: Verdict) -> None:
    """Why kept, the modal that asks until when, and the answers to Keep and Release fit."""
    check_blocks(keeping.why(one, verdict, verdict.reasons, COMPOSE, "then"))
    check_view(keeping.keep_modal(one, one.hold, verdict))
    check_blocks(keeping.kept(one, one.hold))
    check_blocks(keeping.released(one, one.hold, verdict, 86_400))


leavings = st.builds(Leaving, backup=some_backups, at=moments, why=words)


@few
@given(many(leavings, 20), st.integers(1, 30), many(names, 40), freezes)
def test_policies_fit(leaving: list[Leaving], first: int, sources: list[str], freeze: Freeze | None) -> None:
    """A page of what goes next fits, of one source and of many, and leads to every other one."""
    for source in ("", "gods"):
        kept = dict.fromkeys([f"{name}{n}"[:40] for n, name in enumerate(sources)], COMPOSE)
        held = {name: {"count": 10**9, "of": 10**9, "why": "<&>" * 300} for name in kept}
        ends = dict.fromkeys(kept, datetime(2026, 1, 1, tzinfo=UTC))
        outlook = policy.Outlook(kept, leaving, 86_400, freeze, tuple(sources), held, tuple(sources), ends)
        blocks = policy.policy_page(outlook, policy.PolicyPlace(source, first))
        check_blocks(blocks)
        assert text_in(blocks) <= 12_000
    if freeze is not None:
        check_blocks(policy.froze(freeze))
        check_blocks(policy.thawed(freeze))


def backup_of(**parts: Any) -> Backup:
    """Return a good backup with these parts."""
    about = {"id": "20261123T000000Z-aaaaaa", "source": "gods", "engine": "sqlite", "vault": "local"}
    person, tiers = Person("U0ONCALL", "oncall", Door.SLACK), frozenset({Tier.ON_DEMAND})
    state = {"state": BackupState.GOOD, "proof": Proof.PROVEN, "requested_by": person, "requested_at": NOW}
    return Backup(**{**about, **state, "tiers": tiers, **parts})


def test_long_lists_leave_out_notes_first() -> None:
    """Where all of it is too long for one message, notes go before errors, and the list says so."""
    failure = Failure(code="c", message="m" * 150, hint="", reference="r", step="s")
    one = backup_of(state=BackupState.FAILED, note="&" * 200, failure=failure)
    place = listing.ListPlace(source="gods")
    for count, shortened in ((3, False), (10, True)):
        rows = tuple(replace(one, id=f"20261123T00000{n}Z-aaaaaa") for n in range(count))
        blocks = listing.listing(Page(rows, 1, count, "", ""), place, listing.Frame(("gods",), None, NOW))
        assert text_in(blocks) <= 12_000
        assert ("&amp;" not in words_in(blocks)) is shortened
        assert ("*Options* shows all of them" in words_in(blocks)) is shortened
        assert "m" * 150 in words_in(blocks)


def test_what_is_left_out_is_said() -> None:
    """More sources and requests than are shown are counted, and no source at all is a sentence."""
    status = SourceStatus(Source("gods", "sqlite", "local", "here"), "SQLite", None, None, 0, 0, overdue=True)
    ask = Restore(
        id="r-00000000",
        plan=PLAN,
        plan_hash="0" * 64,
        state=RestoreState.WAITING,
        requested_by=Person("U0ONCALL", "oncall", Door.SLACK),
        reason="why",
        requested_at=NOW,
        expires_at=NOW,
        approvals_needed=1,
    )
    board = Dashboard((status,) * 20, (), (ask,) * 13, ())
    shown = words_in(home.home(board, "U0ONCALL", NOW, 27)["blocks"])
    assert "… and 7 more: `/backups list`" in shown
    assert "… and 3 more: the approvers' channel" in shown
    assert "more" not in words_in(home.home(replace(board, waiting=()), "U0ONCALL", NOW, 20)["blocks"])
    assert "100 of 130 sources are shown" in words_in(answers.choose_source([f"s{n}" for n in range(130)])["blocks"])
    none = answers.choose_source(())
    check_view(none)
    assert "No source is configured" in words_in(none["blocks"])


@few
@given(restores, st.none() | instances, plans, counts)
def test_restore_messages_fit(
    one: Restore, made: Instance | None, plan: RestorePlan, held: dict[str, dict[str, int]]
) -> None:
    """Modal, request, progress and result of a restore fit."""
    for blocks, text in (restore.request(one, ("S0DBA",) * 50, held), restore.message(one, made)):
        check_blocks(blocks)
        assert "<!channel>" not in text
    for reply in (restore.progress(one, made), restore.outcome(one, made)):
        if reply is not None:
            check_blocks(reply[0])
    beside = restore.Beside(held, Needs(10**15, 10**15), ("S0DBA",) * 50, 2)
    check_view(restore.plan_modal(plan, beside, NOW))
    check_view(restore.plan_modal(plan, replace(beside, approvals=0), NOW))
    check_view(restore.deny_modal(one.id, plan.source))


def test_what_is_free_is_shown_beside_a_plan_and_is_no_part_of_it() -> None:
    """Needs stand beside what is free at that moment, and another moment's figures are for the same plan."""
    plan = replace(PLAN, disk_bytes=70_400_000, memory_bytes=800_000_000)
    held = {"vertices": {"god": 3, "titan": 9}, "edges": {"father": 17}}
    beside = restore.Beside(held, Needs(12_300_000_000, 9_100_000_000), ("S0DBA",), 1)
    view = restore.plan_modal(plan, beside, NOW)
    shown = words_in(view["blocks"])
    assert "Needs about 70 MB of disk (12 GB free) and 800 MB of memory (9.1 GB free)." in shown
    assert "Needs: approval by one of <!subteam^S0DBA>, not yourself." in shown
    assert "proven (12 vertices, 17 edges)" in shown
    later = restore.plan_modal(plan, replace(beside, free=Needs(10**9, 10**9), approvals=2), NOW)
    assert "(1.0 GB free)" in words_in(later["blocks"])
    assert "approval by 2 of" in words_in(later["blocks"])
    assert (later["private_metadata"], later["blocks"][-1]) == (view["private_metadata"], view["blocks"][-1])
    many_kinds = restore.plan_modal(plan, replace(beside, counts={f"kind {n}": {"a": n} for n in range(90)}), NOW)
    assert len(many_kinds["blocks"][0]["text"]["text"]) < 500
    alone = restore.plan_modal(replace(plan, memory_bytes=0), replace(beside, approvals=0), NOW)
    assert "Needs about 70 MB of disk (12 GB free)." in words_in(alone["blocks"])


def test_progress_names_its_unit_once() -> None:
    """Bytes stored and bytes to store are told in one unit where they have the same."""
    assert step(Step("storing", 12_100_000, 28_900_000)) == "storing, 12.1 of 28.9 MB"
    assert step(Step("storing", 900_000, 28_900_000)) == "storing, 900.0 kB of 28.9 MB"
    assert step(Step("rebuilding indexes", 2, 5, Unit.ITEMS)) == "rebuilding indexes, 2 of 5"


@few
@given(
    many(statuses, 40),
    many(instances, 30),
    many(restores, 20),
    many(some_backups | restores | instances, 5),
)
def test_dashboards_fit(
    sources: list[SourceStatus],
    made: list[Instance],
    waiting: list[Restore],
    lately: list[Backup | Restore | Instance],
) -> None:
    """A dashboard fits with more of everything than it shows."""
    board = Dashboard(tuple(sources), tuple(made), tuple(waiting), tuple(lately))
    check_blocks(home.home(board, "U0ONCALL", NOW)["blocks"], 100)
    check_blocks(instance.listing(made))
    assert text_in(instance.listing(made)) <= 12_000


@given(st.text(max_size=400), st.integers(1, 300))
def test_cut_markup_leaves_no_half_token(text: str, limit: int) -> None:
    """Cut anywhere, markup holds no half token and no half escape."""
    shown = cut_markup(f"<@U0ONCALL>{escape(text)}<!date^1^{{time}}|x>", limit)
    assert len(shown) <= limit
    assert shown.count("<") == shown.count(">")


def test_list_places_survive_the_way_through_a_button() -> None:
    """A place is read as it was written, and anything else is stale."""
    place = listing.ListPlace("gods", "a", "b", 11, "c")
    assert listing.ListPlace.read(place.text()) == place
    for text in ("", "{}x", '{"unknown":1}', "[]"):
        with pytest.raises(Stale):
            listing.ListPlace.read(text)


def test_ages_are_told_in_words() -> None:
    """Two hours and ten minutes read as such."""
    from bot.blocks.text import age, duration, size

    assert age(NOW - timedelta(hours=2, minutes=10), NOW) == "2 h 10 min ago"
    assert (duration(0.02), duration(41), duration(86_400)) == ("0.02 s", "41 s", "1 day")
    assert (duration(93_600), duration(112_200), duration(190_800)) == ("26 h", "31 h 10 min", "2 days 5 h")
    assert (size(999), size(28_900_000)) == ("999 bytes", "28.9 MB")


def test_what_is_damaged_is_said_to_stay_a_week() -> None:
    """The row of a damaged backup that was let go names the day from which it is really deleted."""
    bad = Failure("archive-corrupt", "Its bytes don't match.", "", "")
    expired = backup_of(note="", state=BackupState.EXPIRED, expired_at=NOW, expiry="old")
    said = [Keeping({}, 86_400).deleted_from(one) for one in (expired, replace(expired, failure=bad))]
    assert said == [NOW + timedelta(days=1), NOW + timedelta(days=7)]
