"""Marks: small facts by name, such as when something was last done."""

from core.catalog.file import CatalogFile


class Marks:
    """Texts by name."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def get(self, name: str) -> str | None:
        """Return a mark."""
        with self._file.read() as db:
            row = db.execute("select value from marks where name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def put(self, name: str, value: str) -> None:
        """Set a mark, new or not."""
        with self._file.write() as db:
            db.execute("insert or replace into marks (name, value) values (?, ?)", (name, value))
