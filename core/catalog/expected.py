"""The ledger of expected runs: each due time of each source stands in it once, whatever the clock does."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from core.catalog.columns import DAY, MOMENT, PLAIN, TIERS, Table, choice, moment_text, optional
from core.catalog.file import CatalogFile, rows
from core.catalog.schema import OPEN_BACKUPS, OPEN_RUNS
from core.model.expected import ExpectedRun, ExpectedState

TABLE = Table(
    "expected",
    "source",
    ExpectedRun,
    {
        "source": PLAIN,
        "due_at": MOMENT,
        "day": DAY,
        "tiers": TIERS,
        "state": choice(ExpectedState),
        "noted_at": MOMENT,
        "backup_id": PLAIN,
        "covers": PLAIN,
        "covers_since": optional(MOMENT),
        "attempts": PLAIN,
        "retry_at": optional(MOMENT),
    },
)

THINNED_AT_ONCE = 100


class Expected:
    """Every run that a schedule asked for."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def note(self, run: ExpectedRun) -> bool:
        """Record a due time; False where it was recorded before, by whichever process: it is not this one's to run."""
        row = TABLE.row(run)
        sql = f"insert into expected ({', '.join(row)}) values ({', '.join('?' * len(row))}) on conflict do nothing"  # noqa: S608 - ours
        with self._file.write() as db:
            return db.execute(sql, tuple(row.values())).rowcount == 1

    def move(
        self, source: str, due_at: datetime, frm: frozenset[ExpectedState], **changes: object
    ) -> ExpectedRun | None:
        """Change fields of a run if it stands in one of the states `frm`; return it, None where it does not.

        Raises:
            TypeError: there is no such field.

        """
        columns = TABLE.changed(changes)
        with self._file.write() as db:
            found = rows(db, "select * from expected where source = ? and due_at = ?", (source, moment_text(due_at)))
            if not found or found[0]["state"] not in frm:
                return None
            assigned = ", ".join(f"{name} = ?" for name in columns)
            sql = f"update expected set {assigned} where source = ? and due_at = ?"  # noqa: S608 - names are ours
            db.execute(sql, (*columns.values(), source, moment_text(due_at)))
            return TABLE.value({**found[0], **columns})

    def thin(self, source: str, before: datetime, keep: int) -> None:
        """Remove some of what was due before a time and is settled, but never of the newest `keep` runs of the source.

        Counting as well keeps what a clock that ran far ahead would make look old.
        """
        sql = (
            "delete from expected where source = ? and due_at in ("  # noqa: S608 - ours
            f"select due_at from expected where source = ? and due_at < ? and not ({OPEN_RUNS}) and due_at < "
            "(select due_at from expected where source = ? order by due_at desc limit 1 offset ?) "
            f"order by due_at limit {THINNED_AT_ONCE})"
        )
        with self._file.write() as db:
            db.execute(sql, (source, source, moment_text(before), source, keep - 1))

    def to_see_to(self) -> tuple[ExpectedRun, ...]:
        """Return every run of which something is still to come, by source and time, but those whose backup goes on.

        Thousands may wait for their turn: of these nothing is read but their state.
        """
        return self._select(
            f"indexed by expected_open where {OPEN_RUNS} and not "  # noqa: S608 - ours
            f"(state = 'begun' and exists (select 1 from backups where id = backup_id and {OPEN_BACKUPS})) "
            "order by source, due_at"
        )

    def of_backup(self, backup_id: str) -> tuple[ExpectedRun, ...]:
        """Return the runs that a backup serves."""
        return self._select("where backup_id = ? order by due_at", backup_id)

    def newest(self, source: str, until: datetime) -> ExpectedRun | None:
        """Return the newest run of a source that was due by then: what a clock that ran ahead left is passed over."""
        rest = "where source = ? and due_at <= ? order by due_at desc limit 1"
        return next(iter(self._select(rest, source, moment_text(until))), None)

    def newest_by_source(self, sources: Iterable[str], until: datetime) -> Mapping[str, datetime]:
        """Return the newest due time by then of each of these sources that has one.

        It costs one look at each source; grouped, it would read the whole ledger, which holds 400 days.
        """
        sql = (
            "select value, (select max(due_at) from expected where source = value and due_at <= ?) as due "
            "from json_each(?) where due is not null"
        )
        with self._file.read() as db:
            found = db.execute(sql, (moment_text(until), json.dumps(list(sources)))).fetchall()
        return {str(source): datetime.fromisoformat(due) for source, due in found}

    def page(self, source: str, limit: int = 20) -> tuple[ExpectedRun, ...]:
        """Return the newest runs of a source."""
        return self._select("where source = ? order by due_at desc limit ?", source, limit)

    def _select(self, rest: str, *parameters: str | int) -> tuple[ExpectedRun, ...]:
        with self._file.read() as db:
            found = rows(db, f"select * from expected {rest}", parameters)  # noqa: S608 - ours
        return tuple(TABLE.value(row) for row in found)
