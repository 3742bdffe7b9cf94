"""Downloads: one person, one link, once, resumable."""

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


def test_a_link_can_be_resumed_until_it_was_completed_once(world: World) -> None:
    """A broken transfer goes on where it stopped; a finished one is not given to the next who has the link."""
    offer = world.core.offer_download(world.take(), ANNA)
    with world.core.open_download(offer.token).open(0) as stream:
        head = stream.read(100)
    transfer = world.core.open_download(offer.token)
    with transfer.open(100) as stream:
        tail = stream.read()
    assert hashlib.sha256(head + tail).hexdigest() == transfer.sha256
    transfer.complete()
    with pytest.raises(Stale, match="used"):
        world.core.open_download(offer.token)
    outcomes = [entry.outcome for entry in world.core.catalog.audit.entries() if entry.act == "download"]
    assert outcomes == ["offered", "started", "completed"]


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
