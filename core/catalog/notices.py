"""Notices: what people are told once, in the order in which it happened."""

from dataclasses import replace

from core.catalog.columns import JSON, MOMENT, PLAIN, Table, choice
from core.catalog.file import CatalogFile, rows
from core.catalog.ledger import next_revision
from core.model.notice import Notice, NoticeKind

TABLE = Table(
    "notices",
    "seq",
    Notice,
    {
        "seq": PLAIN,
        "kind": choice(NoticeKind),
        "about": PLAIN,
        "key": PLAIN,
        "at": MOMENT,
        "fields": JSON,
        "revision": PLAIN,
    },
)


class Notices:
    """Every notice that was not thinned out since it was told."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def tell(self, notice: Notice) -> Notice | None:
        """Record a notice and return it with its number; None where its kind, source and key were told before."""
        with self._file.write() as db:
            known = "select 1 from notices where kind = ? and about = ? and key = ?"
            if db.execute(known, (notice.kind.value, notice.about, notice.key)).fetchone():
                return None
            (seq,) = db.execute("select coalesce(max(seq), 0) + 1 from notices").fetchone()
            told = replace(notice, seq=int(seq), revision=next_revision(db))
            row = TABLE.row(told)
            sql = f"insert into notices ({', '.join(row)}) values ({', '.join('?' * len(row))})"  # noqa: S608 - ours
            db.execute(sql, tuple(row.values()))
        return told

    def get(self, seq: int) -> Notice | None:
        """Return a notice by its number."""
        return next(iter(self._select("where seq = ?", seq)), None)

    def newest(self, about: str, *kinds: NoticeKind) -> Notice | None:
        """Return the newest notice about a source of any of these kinds."""
        rest = "where about = ? and kind = ? order by seq desc limit 1"
        with self._file.read():
            found = [one for kind in kinds for one in self._select(rest, about, kind.value)]
        return max(found, key=lambda notice: notice.seq, default=None)

    def recent(self, about: str, kind: NoticeKind, limit: int = 5) -> tuple[Notice, ...]:
        """Return what was told of a kind about a source, the newest first."""
        return self._select("where about = ? and kind = ? order by seq desc limit ?", about, kind.value, limit)

    def changed_since(self, revision: int, limit: int = 200) -> tuple[Notice, ...]:
        """Return what was told after a revision, in order."""
        return self._select("where revision > ? order by revision limit ?", revision, limit)

    def _select(self, rest: str, *parameters: str | int) -> tuple[Notice, ...]:
        with self._file.read() as db:
            found = rows(db, f"select * from notices {rest}", parameters)  # noqa: S608 - ours
        return tuple(TABLE.value(row) for row in found)
