"""The audit record at the command line: checked here, and checked elsewhere without Safehold."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def backed_up(safehold: Terminal) -> Terminal:
    """Return a terminal where a backup was taken: the record has its entries."""
    safehold.backup()
    return safehold


def tamper(terminal: Terminal, statement: str) -> None:
    """Change the catalog behind Safehold's back."""
    (catalog,) = terminal.workplace.folder.rglob("catalog.db")
    with closing(sqlite3.connect(catalog, isolation_level=None)) as raw:
        raw.execute("drop trigger if exists audit_kept")
        raw.execute("drop trigger if exists audit_kept_as_written")
        raw.execute(statement)


def checked_by_hand(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the program that docs/operations.md shows over an export."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)


def test_a_whole_record_says_how_much_it_holds(backed_up: Terminal) -> None:
    """The count and the newest hash are told, to be kept elsewhere."""
    shown = backed_up("audit", "verify")
    assert shown.code == 0
    assert re.search(r"is what was written: 2 entries\. Its newest hash is [0-9a-f]{64}\.", shown.out)
    audit = backed_up.json("audit", "verify")["audit"]
    assert (audit["ok"], audit["entries"], audit["broken"]) == (True, 2, None)


def test_an_empty_record_is_whole(safehold: Terminal) -> None:
    """Where nothing was done yet there is nothing wrong, and an export has a beginning and an end."""
    assert "is what was written: 0 entries." in safehold("audit", "verify").out
    assert len(safehold("audit", "export").out.splitlines()) == 2


def test_a_changed_entry_is_named(backed_up: Terminal) -> None:
    """Number, time, person and act are told, the exit code is that of corruption."""
    tamper(backed_up, "update audit set outcome = 'denied' where seq = 1")
    shown = backed_up("audit", "verify")
    assert shown.code == 7
    assert re.search(r"is broken at entry 1 \(20\S+, \S+, backup\): it is not what was written\.", shown.err)
    document = backed_up.json("audit", "verify")
    assert document["error"]["code"] == "audit-broken"
    assert (document["audit"]["ok"], document["audit"]["broken"]["seq"]) == (False, 1)


def test_a_cut_off_end_is_named(backed_up: Terminal) -> None:
    """An entry that is gone is named by its number alone."""
    tamper(backed_up, "delete from audit where seq = 2")
    assert "is broken at entry 2: it is missing." in backed_up("audit", "verify").err


def test_an_export_is_checked_without_safehold(backed_up: Terminal) -> None:
    """The program of the documentation finds an export whole, from its beginning or a later entry, and each change."""
    path = backed_up.workplace.folder / "audit.jsonl"
    assert f"2 entries written to {path}." in backed_up("audit", "export", "-o", str(path)).out
    lines = path.read_text("utf-8").splitlines(keepends=True)
    assert [next(iter(json.loads(line))) for line in (lines[0], lines[-1])] == ["after", "head"]
    newest = backed_up.json("audit", "verify")["audit"]["newest_hash"]
    assert checked_by_hand(path).stdout == f"whole {newest}\n"
    assert backed_up("audit", "export").out == "".join(lines)
    later = backed_up.workplace.folder / "later.jsonl"
    assert "1 entry written" in backed_up("audit", "export", "--after", "1", "-o", str(later)).out
    assert checked_by_hand(later).stdout == f"whole {newest}\n"
    path.write_text("".join(lines).replace("initiated", "joined"), "utf-8")
    assert "broken at entry 1" in checked_by_hand(path).stderr
    for cut in ([*lines[:-2], lines[-1]], lines[:-1], lines[:1], []):
        path.write_text("".join(cut), "utf-8")
        found = checked_by_hand(path)
        assert (found.returncode, found.stdout, found.stderr[:8]) == (1, "", "cut off ")


def test_an_export_that_cannot_be_made_is_refused(backed_up: Terminal) -> None:
    """A number beyond the record, a number that is none, and a folder that isn't there are named; nothing is left."""
    assert "has no entry 9. Its newest one is 2" in " ".join(backed_up("audit", "export", "--after", "9").err.split())
    assert '"x" is not a number' in backed_up("audit", "export", "--after", "x").err
    nowhere = backed_up("audit", "export", "-o", str(backed_up.workplace.folder / "no" / "file"))
    assert (nowhere.code, "can't be written" in nowhere.err) == (5, True)
    for folder in ("usb/", "no/"):
        (backed_up.workplace.folder / "usb").mkdir(exist_ok=True)
        asked = backed_up("audit", "export", "-o", f"{backed_up.workplace.folder}/{folder}")
        assert (asked.code, f"{folder}audit.jsonl" in asked.err.replace("\n", "")) == (2, True)
    assert not list((backed_up.workplace.folder / "usb").iterdir())
    assert not (backed_up.workplace.folder / "no").exists()
    assert not list(backed_up.workplace.folder.rglob("*.partial"))


def test_an_export_of_a_broken_record_leaves_nothing(backed_up: Terminal) -> None:
    """Where an entry can't be read the export fails, and neither a half file nor one beside it stays."""
    tamper(backed_up, "update audit set act = cast(x'ff' as text) where seq = 2")
    path = backed_up.workplace.folder / "audit.jsonl"
    assert backed_up("audit", "export", "-o", str(path)).code == 7
    assert not list(backed_up.workplace.folder.glob("audit.jsonl*"))


def test_a_second_word_is_asked_for(safehold: Terminal) -> None:
    """`audit` alone, or with a word it does not know, says what to look at."""
    for given in (("audit",), ("audit", "burn")):
        shown = safehold(*given)
        assert (shown.code, "safehold audit --help" in shown.err) == (2, True)
