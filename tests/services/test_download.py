"""Downloads: one person, one link, once, resumable until shortly after."""

import hashlib
from datetime import timedelta

import pytest

from core.errors import NotAllowed, Stale
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
