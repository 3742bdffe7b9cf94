"""Copy a live SQLite file with its online backup API."""

import sqlite3
from contextlib import closing
from pathlib import Path

from core.engines.sqlite.reading import value
from core.model.progress import Progress, Step

PAGES_EACH_STEP = 512
MOST_STARTS = 20


class _StartedOver(Exception):
    """Writers made SQLite begin its copy again too often."""


def copy_database(database: sqlite3.Connection, target: Path, progress: Progress, *, quiet: bool) -> None:
    """Copy what is committed. `quiet`: a reader disturbs no writer here (WAL), so one snapshot is kept open for it.

    Elsewhere the lock is let go after each step and SQLite starts over when somebody wrote in between; where that
    never ends, the last resort is one step, for which writers wait.
    """
    size = int(value(database, "PRAGMA page_size"))
    if quiet:
        database.execute("BEGIN")
        value(database, "SELECT count(*) FROM sqlite_master")
    with closing(sqlite3.connect(target)) as copy:
        try:
            database.backup(copy, pages=PAGES_EACH_STEP, progress=_Told(progress, size), sleep=0.005)
        except _StartedOver:
            database.backup(copy, pages=-1)
        # One file without a companion: a journal beside it would have to be stored with it.
        copy.execute("PRAGMA journal_mode = DELETE")


class _Told:
    """Passes SQLite's progress on in bytes, and gives up after it started over too often."""

    def __init__(self, progress: Progress, page_size: int) -> None:
        self.progress = progress
        self.page_size = page_size
        self.remaining = -1
        self.started_over = 0

    def __call__(self, _status: int, remaining: int, total: int) -> None:
        if 0 <= self.remaining < remaining:
            self.started_over += 1
            if self.started_over > MOST_STARTS:
                raise _StartedOver
        self.remaining = remaining
        self.progress(Step("capturing", (total - remaining) * self.page_size, total * self.page_size))
