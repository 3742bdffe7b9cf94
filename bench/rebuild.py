"""What it costs to copy a catalog and to make it again: `python -m bench.rebuild` (copy of 500 MB, 2,000 manifests).

Prints seconds and the growth of memory. Everything lies in a temporary folder; give another with TMPDIR.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.catalog import Catalog
from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.manifest import ArchivedFile, Manifest, StoredArchive
from core.model.naming import archive_name, backup_id
from core.model.person import SYSTEM
from core.model.source import Prove, Source
from core.runtime.clock import SystemClock
from core.runtime.runner import ThreadRunner
from core.services.adapters import Adapters
from core.services.copy_catalog import CopyCatalog
from core.services.rebuild_catalog import RebuildCatalog, Wish
from core.vaults.directory import DirectoryVault

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def record(number: int) -> Backup:
    at = BEGIN + timedelta(minutes=number)
    return Backup(
        backup_id(at, number), "orders", "sqlite", "local", frozenset({Tier.DAILY}), BackupState.GOOD, Proof.PROVEN,
        SYSTEM, "", at, started_at=at, size=9, raw_size=9, archive_sha256="ab" * 32, verified_at=at, proven_at=at,
        counts={"tables": {f"table_{n}": number for n in range(20)}}, versions={"sqlite": "3.45"},
    )  # fmt: skip


def store(vault: Path, number: int, files: int) -> None:
    """Put a shelf there as a vault would, with an archive of nine bytes and a long list of files."""
    at = BEGIN + timedelta(minutes=number)
    key = backup_id(at, number)
    shelf = vault / "orders" / key
    shelf.mkdir(parents=True)
    name = archive_name("orders", key)
    (shelf / name).write_bytes(b"123456789")
    listed = tuple(ArchivedFile(f"je/{n:08x}.jdb", 10_000_000, "cd" * 32) for n in range(files))
    stored = StoredArchive(name, 9, "ab" * 32, listed)
    DirectoryVault("local", vault).commit(
        Manifest(key, "orders", "sqlite", ("daily",), "os:bench", "bench", "command-line", "", at, at, at, stored, {})
    )


def bench_copy(root: Path, records: int) -> None:
    vault = root / "copies"
    vault.mkdir()
    clock = SystemClock()
    source = Source("orders", "sqlite", "local", "", Prove.EACH, 1, 1, {})
    with Catalog.open(root / "large.db") as catalog:
        for start in range(0, records, 20_000):
            catalog.backups.adopt_many(record(n) for n in range(start, min(records, start + 20_000)))
        adapters = Adapters({"orders": source}, {}, {"local": DirectoryVault("local", vault)}, {})
        copy = CopyCatalog(catalog, adapters, clock, ThreadRunner(1), root / "stage")
        before, started, cpu = megabytes(), time.monotonic(), time.process_time()
        copy(clock.now())
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        with catalog.read() as db:
            size = (
                db.execute("select page_count * page_size from pragma_page_count, pragma_page_size").fetchone()[0] / 1e6
            )
        stored = sum(file.stat().st_size for file in vault.rglob("*.zst")) / 1e6
        started = time.monotonic()
        catalog.check()
        checked = time.monotonic() - started
    print(f"copy: {records} records, {size:.0f} MB, {stored:.0f} MB stored, {seconds:.1f} s ({cpu:.1f} s of a CPU), "
          f"memory +{megabytes() - before:.0f} MB; check at the bot's start {checked:.1f} s")  # fmt: skip


def bench_rebuild(root: Path, manifests: int, files: int) -> None:
    vault = root / "vault"
    vault.mkdir()
    for number in range(manifests):
        store(vault, number, files)
    adapters = Adapters({}, {}, {"local": DirectoryVault("local", vault)}, {})
    rebuilding = RebuildCatalog(adapters, SystemClock(), root / f"catalog-{manifests}.db", timedelta(days=1))
    before, started = megabytes(), time.monotonic()
    made = rebuilding(replace(SYSTEM, name="bench"), Wish(manifests_only=True))
    seconds = time.monotonic() - started
    rate = f"{seconds:.1f} s, {manifests / seconds:.0f} a second"
    print(f"rebuild: {made.tally.adopted} manifests of {files} files, {rate}, memory +{megabytes() - before:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=250_000)
    parser.add_argument("--manifests", type=int, default=2_000)
    parser.add_argument("--files", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench_rebuild(Path(folder), given.manifests, given.files)
        bench_copy(Path(folder), given.records)


if __name__ == "__main__":
    main()
