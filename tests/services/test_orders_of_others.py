"""Freezes and holds that somebody else had placed: what can be done with them, and what is told of it."""

from collections.abc import Callable

import pytest

from core.errors import RefusedError
from core.model.notice import NoticeKind
from core.model.person import Door, Person
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

ROOT = Person("os:root", "root", Door.COMMAND_LINE)


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def test_a_freeze_is_never_made_shorter_by_another(timed: Timed) -> None:
    """Of two freezes the one that ends later stays; only a thaw ends it, and whose it was is told."""
    time, catalog = timed.core.time, timed.core.catalog
    time.freeze_retention(ROOT, MIDNIGHT + 30 * DAY, "incident")
    says = r'root on the command line has frozen retention until 2026-01-31 00:00 UTC \("incident"\)'
    for person in (ANNA, ROOT):
        with pytest.raises(RefusedError, match=says):
            time.freeze_retention(person, MIDNIGHT + 2 * DAY, "shorter")
    time.freeze_retention(ANNA, MIDNIGHT + 40 * DAY, "longer")
    assert (freeze := time.retention.freeze()) is not None
    assert (freeze.person, freeze.until) == (ANNA, MIDNIGHT + 40 * DAY)
    time.thaw_retention(ROOT)
    time.freeze_retention(ROOT, MIDNIGHT + 2 * DAY, "shorter")
    told = [(n.kind, n.fields.get("of", {}).get("person", {}).get("id")) for n in catalog.notices.changed_since(0)]
    kinds = (NoticeKind.FROZEN, NoticeKind.FROZEN, NoticeKind.THAWED, NoticeKind.FROZEN)
    assert told == list(zip(kinds, (None, ROOT.id, ANNA.id, None), strict=True))
    record = [(e.act, e.detail.get("of")) for e in catalog.audit.entries() if e.subject == "retention"]
    assert record == [("freeze", None), ("freeze", ROOT.id), ("thaw", ANNA.id), ("freeze", None)]


def test_who_loses_a_hold_to_somebody_else_is_told(timed: Timed) -> None:
    """Release and another hold in its stead are told with whose it was, and are on record; one's own are not told."""
    key = timed.take(MIDNIGHT + HOUR)
    keep, release, catalog = timed.core.time.keep_backup, timed.core.time.release_backup, timed.core.catalog
    keep(key, ANNA, "the audit", MIDNIGHT + 30 * DAY)
    keep(key, ANNA, "the audit of spring", MIDNIGHT + 90 * DAY)
    keep(key, ROOT, "longer")
    release(key, ANNA)
    told = [n.fields for n in catalog.notices.recent("orders", NoticeKind.HOLD)][::-1]
    assert [(n["person"]["id"], n["was"]["person"]["id"], n["was"]["reason"]) for n in told] == [
        (ROOT.id, ANNA.id, "the audit of spring"),
        (ANNA.id, ROOT.id, "longer"),
    ]
    assert [n["now"] and n["now"]["reason"] for n in told] == ["longer", None]
    record = [(e.act, e.detail.get("of")) for e in catalog.audit.entries() if e.act in {"keep", "release"}]
    assert record == [("keep", None), ("keep", None), ("keep", ANNA.id), ("release", ROOT.id)]
