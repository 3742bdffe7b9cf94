"""Downloads: one person, one link, once, resumable until shortly after."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from core.errors import NotAllowed, Stale
from core.model.backup import BackupState
from core.model.use import Use
from core.runtime.identity import this_host
from core.services.being_taken import BeingTaken
from tests.support.timed import DAY, HOUR, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, GITA, World


def test_a_link_gives_the_archive_whose_hash_is_shown(world: World) -> None:
    """The bytes are the backup's."""
    offer = world.core.offer_download(world.take(), ANNA)
    transfer = world.core.open_download(offer.token)
    with transfer.open(0) as stream:
        content = stream.read()
    assert len(content) == transfer.size
    assert hashlib.sha256(content).hexdigest() == transfer.sha256 == offer.backup.archive_sha256


def test_a_link_can_be_resumed_until_a_quarter_of_an_hour_after_it_was_completed(world: World) -> None:
    """A broken transfer goes on where it stopped, also its tail; later nobody who has the link gets anything."""
    offer = world.core.offer_download(world.take(), ANNA)
    with world.core.open_download(offer.token).open(0) as stream:
        head = stream.read(100)
    transfer = world.core.open_download(offer.token)
    with transfer.open(100) as stream:
        tail = stream.read()
    assert hashlib.sha256(head + tail).hexdigest() == transfer.sha256
    assert transfer.complete()
    world.clock.offset = timedelta(minutes=14)
    with world.core.open_download(offer.token).open(100) as stream:
        assert stream.read() == tail
    with pytest.raises(Stale, match="used"):
        world.core.open_download(offer.token).open(0)
    assert _outcomes(world) == ["offered", "started", "completed"]
    world.clock.offset = timedelta(minutes=15, seconds=1)
    with pytest.raises(Stale, match="used"):
        world.core.open_download(offer.token)


def test_the_time_to_resume_ends_with_the_link(world: World) -> None:
    """A link that is taken shortly before it expires lives no longer for that."""
    offer = world.core.offer_download(world.take(), ANNA)
    world.clock.offset = timedelta(minutes=55)
    assert world.core.open_download(offer.token).complete()
    world.clock.offset = timedelta(minutes=60, seconds=1)
    with pytest.raises(Stale, match="used"):
        world.core.open_download(offer.token)


def test_an_archive_that_leaves_twice_is_recorded_twice(world: World) -> None:
    """Who takes all of it once more while it can be resumed is on record, and is not the first."""
    offer = world.core.offer_download(world.take(), ANNA)
    assert world.core.open_download(offer.token).complete()
    assert not world.core.open_download(offer.token).complete()
    assert _outcomes(world) == ["offered", "completed", "completed again"]


def test_a_download_whose_beginning_is_not_recorded_leaves_nothing_busy(world: World) -> None:
    """Nobody has the stream then to close it: it is closed, and its backup is free at once."""
    transfer = world.core.open_download(world.core.offer_download(world.take(), ANNA).token)
    with closing(sqlite3.connect(world.core.catalog.path)) as db:
        db.execute("create trigger full before update on downloads begin select raise(abort, 'the disk is full'); end")
    with pytest.raises(sqlite3.Error, match="the disk is full") as refused:
        transfer.open(0)
    assert world.core.catalog.leases.held() == ()
    # While its frames live, so that no collection of garbage has closed it.
    assert refused.tb is not None


def test_a_link_expires(world: World) -> None:
    """An old link in somebody's history is worth nothing."""
    offer = world.core.offer_download(world.take(), ANNA)
    world.clock.offset = timedelta(hours=1, seconds=1)
    with pytest.raises(Stale, match="expired"):
        world.core.open_download(offer.token)


@pytest.mark.parametrize("spoil", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda _: "", lambda _: "ä.ö"])
def test_a_link_nobody_signed_is_refused(world: World, spoil: object) -> None:
    """Guessing gets nowhere."""
    offer = world.core.offer_download(world.take(), ANNA)
    with pytest.raises(NotAllowed):
        world.core.open_download(spoil(offer.token))  # type: ignore[operator]


def test_a_guest_gets_no_link(world: World) -> None:
    """Downloading is a right of its own."""
    with pytest.raises(NotAllowed):
        world.core.offer_download(world.take(), GITA)


def test_the_token_is_stored_nowhere(world: World) -> None:
    """Whoever reads the catalog can't make a link from it."""
    offer = world.core.offer_download(world.take(), ANNA)
    signature = offer.token.partition(".")[2]
    for path in (world.root / "state").rglob("*"):
        if path.is_file():
            assert signature.encode() not in path.read_bytes()


def _outcomes(world: World) -> list[str]:
    return [entry.outcome for entry in world.core.catalog.audit.entries() if entry.act == "download"]


@pytest.fixture
def leaving(make_world: Callable[..., World]) -> tuple[Timed, str]:
    """Give a backup that was let go a while ago and is due to be deleted in a day, and its world."""
    timed = Timed(make_world(source=UNPROVEN))
    first = timed.take(MIDNIGHT)
    for day in range(1, 9):
        timed.take(MIDNIGHT + day * DAY)
    timed.retain(MIDNIGHT + 8 * DAY + HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    return timed, first


def test_what_was_let_go_can_be_taken_and_restored(leaving: tuple[Timed, str]) -> None:
    """As long as its bytes are there it is offered; who has a link for it keeps it for that time."""
    timed, first = leaving
    timed.set(MIDNIGHT + 9 * DAY + HOUR / 2)
    offer = timed.core.offer_download(first, ANNA)
    assert timed.core.plan_restore(first, ANNA).backup_id == first
    timed.retain(MIDNIGHT + 9 * DAY + 1.1 * HOUR)
    assert timed.backup(first).state is BackupState.GOOD
    with timed.core.open_download(offer.token).open(0) as stream:
        assert stream.read()


def test_what_is_being_sent_is_not_deleted(leaving: tuple[Timed, str]) -> None:
    """A download that outlives its link keeps its backup until it ends, also from a look for lost runs."""
    timed, first = leaving
    due = MIDNIGHT + 9 * DAY + HOUR
    timed.set(due - 1.5 * HOUR)
    offer = timed.core.offer_download(first, ANNA)
    with timed.core.open_download(offer.token).open(0) as stream:
        for before in (1.0, 0.5, -0.1):
            timed.world.clock.passed += 1_800
            timed.set(due - before * HOUR)
            timed.core.reconcile()
            stream.read(1 << 18)
        timed.retain(due + HOUR / 10)
        assert timed.backup(first).state is BackupState.GOOD
        assert first in timed.stored
    assert timed.core.catalog.retained.in_use(timed.world.clock.now()) == {}


@pytest.mark.parametrize("hours", [0.3, 1.5])
def test_a_download_that_is_broken_off_keeps_its_backup_no_longer(leaving: tuple[Timed, str], hours: float) -> None:
    """It is let go once stream and link have ended, whichever ends first, though no record of a backup changes then."""
    timed, first = leaving
    offer = timed.core.offer_download(first, ANNA)
    begun = timed.world.clock.now()
    with timed.core.open_download(offer.token).open(0) as stream:
        timed.core.time.expire()
        assert timed.backup(first).state is BackupState.GOOD
        for tenths in range(1, round(hours * 10) + 1):
            timed.world.clock.passed += 360
            timed.set(begun + tenths / 10 * HOUR)
            stream.read(1 << 18)
            timed.core.time.expire()
    timed.core.time.expire()
    assert (timed.backup(first).state is BackupState.GOOD) is (hours < 1)
    timed.set(begun + max(hours, 1.0) * HOUR + HOUR / 10)
    timed.core.time.expire()
    assert timed.backup(first).state is BackupState.EXPIRED


def test_who_takes_no_byte_for_an_hour_holds_nothing(leaving: tuple[Timed, str]) -> None:
    """A stream that stands still keeps its backup for an hour more and not for ever."""
    timed, first = leaving
    offer = timed.core.offer_download(first, ANNA)
    timed.set(timed.world.clock.now() + HOUR * 0.9)
    with timed.core.open_download(offer.token).open(0):
        timed.set(timed.world.clock.now() + HOUR * 0.9)
        assert timed.core.catalog.retained.in_use(timed.world.clock.now()) == {first: Use("being downloaded")}
        timed.set(timed.world.clock.now() + HOUR * 0.2)
        assert timed.core.catalog.retained.in_use(timed.world.clock.now()) == {}


def test_a_dead_process_sends_nothing(world: World) -> None:
    """What a process that was killed was sending is free once it is seen to be dead."""
    key = world.take()
    dead = BeingTaken(world.core.catalog, world.clock, f"{this_host()}:1:1.00")
    dead(key)
    assert world.core.catalog.retained.in_use(world.clock.now()) == {key: Use("being downloaded")}
    world.core.reconcile()
    assert world.core.catalog.retained.in_use(world.clock.now()) == {}
