"""Backups: one open at a time for each source, listed newest first at the cost of a page."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from core.catalog.columns import (
    FAILURE,
    FLAG,
    HOLD,
    JSON,
    MOMENT,
    PERSON,
    PLAIN,
    STEP,
    TIERS,
    Table,
    choice,
    optional,
)
from core.catalog.file import CatalogFile, rows
from core.catalog.leases import RUN_SECONDS, Leases
from core.catalog.ledger import Ledger, newest_revision, next_revision
from core.catalog.paging import Around, rows_around, totals_of
from core.catalog.schema import FAILED_BACKUPS, OPEN_BACKUPS
from core.errors import LeaseHeld
from core.model.backup import Backup, BackupState, Page, Proof
from core.model.progress import Step

OPEN = frozenset({BackupState.PENDING, BackupState.RUNNING})

TABLE = Table(
    "backups",
    "id",
    Backup,
    {
        "id": PLAIN,
        "source": PLAIN,
        "engine": PLAIN,
        "vault": PLAIN,
        "tiers": TIERS,
        "state": choice(BackupState),
        "proof": choice(Proof),
        "requested_by": PERSON,
        "note": PLAIN,
        "requested_at": MOMENT,
        "started_at": optional(MOMENT),
        "finished_at": optional(MOMENT),
        "step": optional(STEP),
        "size": PLAIN,
        "raw_size": PLAIN,
        "archive_name": PLAIN,
        "archive_sha256": PLAIN,
        "timings": JSON,
        "versions": JSON,
        "counts": JSON,
        "fingerprint": PLAIN,
        "verified_at": optional(MOMENT),
        "proven_at": optional(MOMENT),
        "failure": optional(FAILURE),
        "warning": PLAIN,
        "owner": PLAIN,
        "due_at": optional(MOMENT),
        "hold": optional(HOLD),
        "expired_at": optional(MOMENT),
        "expiry": PLAIN,
        "pruned_at": optional(MOMENT),
        "unsaved": FLAG,
        "revision": PLAIN,
    },
)


def source_lease(source: str) -> str:
    """Return the name of the lease that a run on a source holds."""
    return f"source:{source}"


class Backups(Ledger[Backup]):
    """Every backup ever asked for."""

    noun = "backup"

    def __init__(self, file: CatalogFile, leases: Leases) -> None:
        super().__init__(file, TABLE)
        self._leases = leases

    def begin(self, backup: Backup) -> tuple[Backup, bool]:
        """Insert a pending backup and take its source's lease; join the open one of the source where there is one.

        Returns the backup that is open now, and whether it is the given one. A joined one gets the tiers of both.

        Raises:
            LeaseHeld: a run of another kind holds the source.
            KeyError: the id is taken; nothing was done.

        """
        with self._file.write() as db:
            open_one = next(iter(self._open_of(db, backup.source)), None)
            if open_one is not None:
                return self._join(db, open_one, backup), False
            name, at = source_lease(backup.source), backup.requested_at
            if not self._leases.acquire(name, backup.owner, backup.id, at, RUN_SECONDS):
                raise LeaseHeld(
                    f"{backup.source} is in use by another run.", hint="Wait until it has ended, then ask again."
                )
            return self._insert(db, backup, next_revision(db)), True

    def adopt(self, backup: Backup) -> Backup:
        """Insert a whole record as it is, but for its revision; takes no lease.

        Raises:
            KeyError: the id is taken.

        """
        return self.create(backup)

    def adopt_many(self, backups: Iterable[Backup]) -> int:
        """Insert whole records in one write, all or none; return how many.

        Raises:
            KeyError: an id is taken.

        """
        with self._file.write() as db:
            newest = count = newest_revision(db)
            for count, backup in enumerate(backups, start=newest + 1):
                self._insert_row(db, backup, count)
            next_revision(db, count - newest)
        return count - newest

    def move(self, key: str, frm: frozenset[StrEnum], **changes: object) -> Backup | None:
        """Change fields of a backup if it stands in one of the states `frm`; return it, None where it does not.

        The source's lease is released with the move that ends the run.

        Raises:
            TypeError: there is no such field.

        """
        with self._file.write():
            moved = super().move(key, frm, **changes)
            if moved is not None and not moved.state.open:
                # Who settles it may be another process than began it.
                self._leases.end(source_lease(moved.source), moved.id)
        return moved

    def find(self, reference: str, source: str | None = None) -> Backup:
        """Return the backup of an id, of a unique beginning of one, or of the part after its dash.

        Raises:
            UnknownName: none of that source (of any, where none is given) begins so.
            AmbiguousId: more than one does; up to five are named.

        """
        return self._find(reference, source)

    def report(self, key: str, step: Step) -> None:
        """Show how far an open backup is; one that has ended stays as it is."""
        self._report(key, OPEN, step)

    def page(
        self, source: str | None, *, older_than: str = "", newer_than: str = "", size: int = 10, first: int = 1
    ) -> Page:
        """Return the newest page, or the one next to a backup's id, newest first; tombstones are left out.

        `first` is the place its first row has in the whole list; the top of the list is always 1.

        Raises:
            UnknownName: the id of `older_than` or `newer_than`.

        """
        with self._file.read() as db:
            cursor = older_than or newer_than
            beside = self._row(db, cursor) if cursor else None
            if cursor and beside is None:
                raise self._unknown(cursor)
            around = Around(source, "newer" if newer_than and not older_than else "older", beside, size)
            found = rows_around(db, around)
            total = totals_of(db, source)[0]
            newer = bool(found) and bool(rows_around(db, Around(source, "newer", found[0], 1)))
            older = bool(found) and bool(rows_around(db, Around(source, "older", found[-1], 1)))
        backups = tuple(TABLE.value(row) for row in found)
        return Page(
            backups,
            first=max(first, 1) if newer else 1,
            total=total,
            older_than=backups[-1].id if older else "",
            newer_than=backups[0].id if newer else "",
        )

    def newest(self, source: str) -> Backup | None:
        """Return the newest backup of a source in any state."""
        return self._first("where source = ? order by requested_at desc, id desc limit 1", source)

    def newest_good(self, source: str) -> Backup | None:
        """Return the newest good backup of a source."""
        return self._first("where source = ? and state = 'good' order by requested_at desc, id desc limit 1", source)

    def last_proven_at(self, source: str) -> datetime | None:
        """Return when a backup of the source was last proven."""
        rest = "where source = ? and proven_at is not null order by proven_at desc limit 1"
        proven = self._first(rest, source)
        return proven.proven_at if proven else None

    def totals(self, source: str | None = None) -> tuple[int, int]:
        """Return how many records a source (or all) has, and the bytes of their archives; tombstones count nothing."""
        with self._file.read() as db:
            return totals_of(db, source)

    def count(self) -> int:
        """Return how many records there are, tombstones included; reads all of an index."""
        with self._file.read() as db:
            return int(db.execute("select count(*) from backups").fetchone()[0])

    def open_ones(self) -> tuple[Backup, ...]:
        """Return every pending or running backup, the oldest first."""
        return self._select(f"indexed by backups_open where {OPEN_BACKUPS} order by requested_at, id")

    def recent_failures(self, limit: int = 5) -> tuple[Backup, ...]:
        """Return the newest backups that failed, were interrupted or were found damaged."""
        return self._select(f"where {FAILED_BACKUPS} order by requested_at desc, id desc limit ?", (limit,))

    def _first(self, rest: str, source: str) -> Backup | None:
        return next(iter(self._select(rest, (source,))), None)

    def _join(self, db: Database, row: dict[str, Any], backup: Backup) -> Backup:
        current = TABLE.value(row)
        tiers = current.tiers | backup.tiers
        if tiers == current.tiers:
            return current
        return self._update(db, row, TABLE.changed({"tiers": tiers})) or current

    def _open_of(self, db: Database, source: str) -> list[dict[str, Any]]:
        # Left alone, SQLite walks through all backups of the source instead of the few that are open.
        sql = f"select * from backups indexed by backups_open where source = ? and {OPEN_BACKUPS}"  # noqa: S608 - ours
        return rows(db, sql, (source,))
