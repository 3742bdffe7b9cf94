"""Bytes that are gone from a vault count for nothing, and nothing else goes because of them."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.model.backup import BackupState, Tier
from core.model.notice import NoticeKind
from core.services.retention import NOT_SEEN
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

WEEK = 7
LAST = MIDNIGHT + WEEK * DAY


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def daily(timed: Timed, days: int) -> list[str]:
    """Take a daily backup on so many days, each a minute later than the one before, and return their ids."""
    return [timed.take(MIDNIGHT + day * DAY + 3 * HOUR + day * timedelta(minutes=1)) for day in range(days)]


def folder(timed: Timed, key: str) -> Path:
    """Return where a backup lies in the vault."""
    return timed.world.root / "vault" / "orders" / key


@pytest.mark.parametrize("what", ["", "manifest.json", "*.tar.zst"])
def test_a_newest_good_backup_that_is_gone_lets_nothing_go(timed: Timed, what: str) -> None:
    """Without its folder, its manifest or its archive the newest is damaged, told, and the oldest stays."""
    first, *_, newest = daily(timed, WEEK + 1)
    if what:
        next(folder(timed, newest).glob(what)).unlink()
    else:
        shutil.rmtree(folder(timed, newest))
    for hours in (4, 40):
        timed.retain(LAST + hours * HOUR)
    gone = timed.backup(newest)
    assert gone.state is BackupState.DAMAGED
    assert gone.failure is not None
    assert timed.backup(first).state is BackupState.GOOD
    assert first in timed.stored
    (told,) = [n for n in timed.core.catalog.notices.changed_since(0) if n.kind is NoticeKind.VAULT]
    assert (told.about, told.fields["missing"]) == ("local", 1)
    assert told.fields["examples"] == [f"orders {newest}: {gone.failure.message}"]
    acts = [(e.act, e.outcome) for e in timed.core.catalog.audit.entries(limit=1000) if e.subject == newest]
    assert acts[-1] == ("sweep", "bytes gone")


def test_an_archive_that_is_a_byte_short_is_seen(timed: Timed) -> None:
    """What else lies beside an archive does not make up for a part of it that is gone."""
    first, *_, newest = daily(timed, WEEK + 1)
    archive = next(folder(timed, newest).glob("*.tar.zst"))
    archive.write_bytes(archive.read_bytes()[:-1])
    timed.retain(LAST + 4 * HOUR)
    assert timed.backup(newest).state is BackupState.DAMAGED
    assert timed.backup(first).state is BackupState.GOOD


def test_what_is_gone_is_seen_right_before_the_first_byte_goes(timed: Timed) -> None:
    """All that is newer vanishes after one was let go: it is kept after all, and stays the newest good one."""
    first, *rest = daily(timed, WEEK + 1)
    timed.retain(LAST + 4 * HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    for key in rest:
        shutil.rmtree(folder(timed, key))
    timed.set(LAST + 40 * HOUR)
    assert not timed.core.time.prune.one(first, timed.core.time.retention.find_missing("orders"))
    assert timed.backup(first).state is BackupState.GOOD
    assert timed.stored == [first]
    assert {timed.backup(key).state for key in rest} == {BackupState.DAMAGED}


def test_an_expired_one_that_is_gone_is_damaged(timed: Timed) -> None:
    """What was let go and vanished is named once, and stays as evidence before it goes like any other."""
    first, *rest = daily(timed, WEEK + 1)
    timed.retain(LAST + 4 * HOUR)
    shutil.rmtree(folder(timed, first))
    assert timed.core.time.retention.find_missing("orders") == frozenset()
    assert timed.core.time.retention.find_missing("orders") == frozenset()
    assert timed.backup(first).state is BackupState.DAMAGED
    assert timed.stored == rest
    assert sum(entry.act == "sweep" for entry in timed.core.catalog.audit.entries(limit=1000)) == 1


def test_nothing_is_let_go_while_the_vault_is_away(timed: Timed, caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody can see what is there, nothing goes and nothing is called damaged; later it goes on."""
    first, *rest = daily(timed, WEEK + 1)
    vault, away = timed.world.root / "vault", timed.world.root / "away"
    vault.rename(away)
    timed.retain(LAST + 4 * HOUR)
    assert {timed.backup(key).state for key in (first, *rest)} == {BackupState.GOOD}
    assert "nothing of orders is let go for now" in caplog.text
    away.rename(vault)
    timed.retain(LAST + 5 * HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED


def test_a_vault_that_is_no_longer_configured_lets_nothing_go(timed: Timed) -> None:
    """What nobody can look at stays as it is, and does not count as the newest good one."""
    first, *_, newest = daily(timed, WEEK + 1)
    good = frozenset({BackupState.GOOD})
    timed.core.catalog.backups.move(newest, good, vault="attic")
    timed.retain(LAST + 4 * HOUR)
    assert (timed.backup(first).state, timed.backup(newest).state) == (BackupState.GOOD, BackupState.GOOD)
    unseen = timed.core.time.retention.find_missing("orders")
    assert unseen == {newest}
    assert NOT_SEEN in timed.core.time.retention.why(timed.backup(newest), unseen).says


class PrunedMeanwhile:
    """The vault, where a backup is let go for good while somebody looks."""

    def __init__(self, vault: object, timed: Timed, key: str) -> None:
        self.vault, self.timed, self.key = vault, timed, key

    def manifest(self, source: str, backup_id: str) -> object:
        """Change the record, then look."""
        self.timed.core.catalog.backups.move(self.key, frozenset(BackupState), state=BackupState.PRUNING)
        return self.vault.manifest(source, backup_id)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        """Pass the rest on."""
        return getattr(self.vault, name)


def test_a_backup_that_is_pruned_meanwhile_is_not_called_damaged(timed: Timed) -> None:
    """A record that moved on while the vault was looked at is left alone."""
    (first,) = daily(timed, 1)
    shutil.rmtree(folder(timed, first))
    vaults = timed.core.adapters.vaults
    vaults["local"] = PrunedMeanwhile(vaults["local"], timed, first)  # type: ignore[index]
    timed.core.time.retention.find_missing("orders")
    assert timed.backup(first).state is BackupState.PRUNING


def test_days_are_those_of_the_schedules_zone(make_world: Callable[..., World]) -> None:
    """The newest of the day is that of a day in the zone of the source's schedule, also after it was changed."""
    timed = Timed(make_world(source=UNPROVEN, access=KEEPER))
    retention, schedules = timed.core.time.retention, timed.core.time.schedules
    assert retention.policy("orders").zone == ZoneInfo("UTC")
    schedules.change("orders", replace(schedules.current("orders"), zone="Asia/Tokyo"), ANNA)
    assert retention.policy("orders").zone == ZoneInfo("Asia/Tokyo")
    assert retention.policy("gone").zone == retention.policies["compose"].zone
    # In UTC these are two days, in Tokyo (9 hours ahead) both are the second of January.
    timed.take(MIDNIGHT + 16 * HOUR, frozenset({Tier.DAILY}))
    timed.take(MIDNIGHT + 26 * HOUR, frozenset({Tier.DAILY}))
    said = [verdict.says for _, verdict in retention.verdicts("orders").values()]
    assert [text.count("newest of the day") for text in said] == [1, 0]
