"""A writer that is killed: what it was told is kept, is kept."""

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

from core.catalog import Catalog

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from core.catalog import Catalog
from tests.catalog import samples
start = int(sys.argv[2])
with Catalog.open(Path(sys.argv[1])) as catalog:
    for number in range(start, start + 100000):
        with catalog.write():
            catalog.backups.adopt(samples.good(number))
            catalog.audit.append(samples.NOON, samples.ANNA, "adopt", str(number), "done", {})
        print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_acknowledged(path: Path) -> None:
    """After kill -9 at twenty random moments the file is whole and holds every write that had returned."""
    chance, acknowledged = random.Random(7), set[int]()
    for attempt in range(20):
        argv = [sys.executable, "-c", WRITER, str(path), str(attempt * 100_000)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randrange(1, 40)):
                acknowledged.add(int(writer.stdout.readline()))
            writer.kill()
            acknowledged |= {int(line) for line in writer.stdout.read().splitlines(keepends=True) if line[-1] == "\n"}
        with Catalog.open(path) as catalog:
            assert catalog.audit.verify() is None
    with sqlite3.connect(path) as raw:
        assert raw.execute("pragma integrity_check").fetchall() == [("ok",)]
        kept = {int(number) for (number,) in raw.execute("select subject from audit")}
        assert raw.execute("select count(*) from backups").fetchone() == (len(kept),)
        assert raw.execute("select sum(count) from totals").fetchone() == (len(kept),)
    raw.close()
    assert acknowledged <= kept
