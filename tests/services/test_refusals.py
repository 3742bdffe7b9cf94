"""Who is refused for want of a right is in the audit record, once, with what was tried; nothing else is changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import NotAllowed
from core.model.schedule import Schedule
from core.services.access import LONGEST_SUBJECT
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, BEN, GITA, World


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def refusals(timed: Timed) -> list[tuple[str, str, str]]:
    """Return what the record says of refusals: who, which act, on what."""
    entries = timed.core.catalog.audit.entries(limit=1000)
    assert all(entry.detail["why"] for entry in entries if entry.outcome.startswith("refused"))
    return [(e.person.id, e.act, e.subject) for e in entries if e.outcome == "refused: not-allowed"]


def test_every_act_that_needs_a_right(timed: Timed) -> None:
    """Each door asks the same services, so a guest's attempt is on record from wherever it came."""
    key, core, time = timed.take(MIDNIGHT + HOUR), timed.core, timed.core.time
    tried = {
        ("backup", "orders"): lambda: core.create_backup("orders", GITA),
        ("verify", key): lambda: core.verify_backup(key, GITA),
        ("download", key): lambda: core.offer_download(key, GITA),
        ("restore", key): lambda: core.plan_restore(key, GITA),
        ("keep", key): lambda: time.keep_backup(key, GITA),
        ("cancel", key): lambda: core.cancel_run(key, GITA),
        ("freeze", "retention"): lambda: time.freeze_retention(GITA, MIDNIGHT + 2 * DAY),
        ("thaw", "retention"): lambda: time.thaw_retention(GITA),
        ("schedule", "orders"): lambda: time.schedules.change("orders", Schedule(), GITA),
        ("allow-expiry", "orders"): lambda: time.allow_expiry("orders", GITA, ""),
    }
    for act in tried.values():
        with pytest.raises(NotAllowed):
            act()
    assert refusals(timed) == [(GITA.id, *what) for what in tried]
    assert core.catalog.audit.verify() is None


def test_hold_of_somebody_else(timed: Timed) -> None:
    """Who may keep but not shorten or release what another holds is on record with the attempt."""
    key, time = timed.take(MIDNIGHT + HOUR), timed.core.time
    time.keep_backup(key, ANNA, "the audit", MIDNIGHT + 30 * DAY)
    for act in (
        lambda: time.keep_backup(key, BEN, "shorter", MIDNIGHT + timedelta(days=2)),
        lambda: time.release_backup(key, BEN),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert refusals(timed) == [(BEN.id, "keep", key), (BEN.id, "release", key)]


def test_what_a_guest_types_fills_no_record(timed: Timed) -> None:
    """A reference of any length is cut."""
    with pytest.raises(NotAllowed):
        timed.core.verify_backup("x" * 4_000, GITA)
    assert refusals(timed) == [(GITA.id, "verify", "x" * LONGEST_SUBJECT)]
