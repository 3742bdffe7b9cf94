"""Thinning: which rows nothing asks for any more, and how they go, a few at a time."""

import json
from dataclasses import dataclass
from datetime import datetime

from core.catalog.columns import moment_text
from core.catalog.file import CatalogFile

AT_ONCE = 400
"""Keys of one write: with the messages of each these are at most about a thousand rows, some milliseconds."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Rows of one kind that may go: how to find their keys, behind the key `first`, and what goes with each.

    `find` knows `:after`, `:before`, `:told` and `:most`; it keeps to what never becomes untrue again, for between
    finding and removing others write. Each of `remove` knows `:keys`, JSON.
    """

    name: str
    first: str | int
    find: str
    remove: tuple[str, ...]


SPENT = (
    # The newest five of a kind about a source stay: lists show them, and the newest says what was told last. So does
    # what speaks of a backup that is still there, for it is told once. The newest of all stays with them, so that no
    # number is given twice.
    Spent(
        "notices",
        0,
        "select seq from notices as spent where seq > :after and at < :before and revision <= :told "
        "and seq < (select seq from notices where about = spent.about and kind = spent.kind "
        "order by seq desc limit 1 offset 4) "
        "and not exists (select 1 from backups where id = spent.key and state <> 'pruned') "
        "order by seq limit :most",
        (
            "delete from messages where subject in (select 'notice:' || value from json_each(:keys))",
            "delete from notices where seq in (select value from json_each(:keys))",
        ),
    ),
    # A link can't be used once it has expired. The newest hundred stay whatever the clock says: one that ran far ahead
    # would take away what people were just given.
    Spent(
        "downloads",
        "",
        "select id from downloads where id > :after and expires_at < :before "
        "and rowid <= (select max(rowid) from downloads) - 100 order by id limit :most",
        (
            "delete from messages where subject in (select 'download:' || value from json_each(:keys))",
            "delete from downloads where id in (select value from json_each(:keys))",
        ),
    ),
    # A tombstone changes no more, so its messages stay in Slack as they are.
    Spent(
        "messages",
        "backup:",
        "select distinct subject from messages cross join backups on id = substr(subject, 8) "
        "where subject > :after and subject < 'backup;' "
        "and state = 'pruned' and pruned_at < :before and backups.revision <= :told order by subject limit :most",
        ("delete from messages where subject in (select value from json_each(:keys))",),
    ),
)


class Thinning:
    """Removes what is spent: finding it is a read, so that others write meanwhile, and each removal a short write."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def some(self, spent: Spent, before: datetime, told: int, after: str | int) -> str | int | None:
        """Remove some of what was over before a time, behind a key; return where to go on, None where nothing is left.

        `told`: up to which revision people were told of everything. What they were not told of stays.
        """
        asked = {"after": after, "before": moment_text(before), "told": told, "most": AT_ONCE}
        with self._file.read() as db:
            keys = [row[0] for row in db.execute(spent.find, asked).fetchall()]
        if not keys:
            return None
        with self._file.write() as db:
            for sql in spent.remove:
                db.execute(sql, {"keys": json.dumps(keys)})
        last: str | int = keys[-1]
        return last
