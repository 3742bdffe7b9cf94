"""A page of the list of backups costs what a page costs: the rows beside one, and sums that are kept as rows come."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from core.catalog.file import rows
from core.catalog.schema import SHOWN_BACKUPS


@dataclass(frozen=True, slots=True)
class Around:
    """Which rows: of a source or of all, on that side of a row, at most so many; from the top where no row is given."""

    source: str | None
    side: Literal["older", "newer"]
    row: dict[str, Any] | None
    size: int


def rows_around(db: Database, around: Around) -> list[dict[str, Any]]:
    """Return those rows, newest first; tombstones are left out."""
    conditions, parameters = [SHOWN_BACKUPS], []
    if around.source is not None:
        conditions.append("source = ?")
        parameters.append(around.source)
    if around.row is not None:
        conditions.append(f"(requested_at, id) {'<' if around.side == 'older' else '>'} (?, ?)")
        parameters += [around.row["requested_at"], around.row["id"]]
    index = "backups_shown" if around.source is None else "backups_shown_by_source"
    direction = "desc" if around.side == "older" else "asc"
    sql = (
        f"select * from backups indexed by {index} where {' and '.join(conditions)} "  # noqa: S608 - names are ours
        f"order by requested_at {direction}, id {direction} limit ?"
    )
    found = rows(db, sql, (*parameters, around.size))
    return found if around.side == "older" else found[::-1]


def totals_of(db: Database, source: str | None) -> tuple[int, int]:
    """Return count and bytes of what lists show, of a source or of all."""
    where, parameters = ("", ()) if source is None else ("where source = ?", (source,))
    sql = f"select coalesce(sum(count), 0), coalesce(sum(bytes), 0) from totals {where}"  # noqa: S608 - ours
    count, size = db.execute(sql, parameters).fetchone()
    return int(count), int(size)
