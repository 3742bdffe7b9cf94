"""What time does by itself asks the catalog as much for three sources as for three hundred, counted in statements."""

from datetime import timedelta
from pathlib import Path

import pytest

from bench.model_process import begin
from bench.scheduler import NOW, many_sources
from core.catalog import Catalog

SECONDS = timedelta(seconds=30)


def asked(root: Path, sources: int) -> dict[str, int]:
    """Return how many statements a process sends to SQLite in each pass."""
    root.mkdir()
    outside = many_sources(root, sources)
    Catalog.open(outside.catalog).close()
    bot, counted = begin(outside, 1), dict[str, int]()
    statements: list[str] = []
    wake, judge = (duty.do for duty in bot.time.duties[:2])
    judge(NOW)
    (connection,) = bot.file._idle
    connection.conn.set_trace_callback(statements.append)
    for name, work in {
        "first wake": lambda: wake(NOW),
        "wake": lambda: wake(NOW + SECONDS),
        "judge": lambda: judge(NOW + SECONDS),
        "reconcile": lambda: bot.reconcile(take_over=True),
    }.items():
        work()
        counted[name] = len(statements)
        statements.clear()
    connection.conn.set_trace_callback(None)
    bot.catalog.close()
    return counted


@pytest.mark.parametrize("name", ["first wake", "wake", "judge", "reconcile"])
def test_a_pass_asks_no_more_with_more_sources(name: str, tmp_path: Path) -> None:
    """A hundred times the sources, the same statements: each question is asked once for all of them."""
    few, many = asked(tmp_path / "few", 3), asked(tmp_path / "many", 300)
    assert 0 < many[name] == few[name]
