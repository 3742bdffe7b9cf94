"""Tables on a terminal."""

from cli.screen import table

ROW = ("20261127T145857Z-de8133", "failed: There is no file orders.db. Correct the path of the SQLite file.", "root")
HEADERS = ("id", "state", "by")


def test_a_table_fits_its_terminal() -> None:
    """Long cells are folded at spaces, ids stay whole, and nothing is left out."""
    shown = table(HEADERS, [ROW], columns=60)
    assert max(map(len, shown.splitlines())) <= 60
    assert ROW[0] in shown
    assert set(ROW[1].split()) <= set(shown.split())


def test_a_table_that_can_not_fit_keeps_its_words() -> None:
    """Where not even the longest words fit, they are wider than the terminal instead of broken."""
    assert ROW[0] in table(HEADERS, [ROW], columns=10)


def test_a_table_is_one_line_a_row_elsewhere() -> None:
    """In a pipe or a file each row is a line, whatever its length."""
    assert len(table(HEADERS, [ROW, ROW]).splitlines()) == 4
