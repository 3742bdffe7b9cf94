"""`audit verify` and `audit export`: the record of who did what, checked and taken elsewhere."""

import os
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from cli import exits
from cli.screen import Screen
from cli.session import looked_at
from core.catalog.audit import Broken
from core.errors import AuditBroken, UnavailableError, UsageError
from core.services.audit_export import export_lines


def verify(given: Namespace, screen: Screen) -> int:
    """Recompute the chain; name the first entry that is not what was written."""
    with looked_at(given) as core, screen.progress("Checking the audit record"):
        found = core.catalog.audit.check()
    broken = found.broken
    document = {
        "ok": broken is None,
        "entries": found.entries,
        "newest_hash": found.newest_hash,
        "broken": broken and {"seq": broken.seq, "at": broken.at, "who": broken.who, "act": broken.act},
    }
    if broken is not None:
        error = _error(broken)
        screen.failed(error, {"audit": document})
        return error.exit_code
    text = f"The audit record is what was written: {_counted(found.entries)}."
    screen.say(f"{text} Its newest hash is {found.newest_hash}." if found.entries else text, {"audit": document})
    return exits.GOOD


def export(given: Namespace, screen: Screen) -> int:
    """Write the entries as JSON lines, to a file or to standard output."""
    if given.output is not None and given.output.endswith("/"):
        raise UsageError(
            f"{given.output} is a folder, and an export is a file.",
            hint=f"Name one: safehold audit export -o {given.output}audit.jsonl",
        )
    with looked_at(given) as core:
        lines = export_lines(core.catalog.audit, given.after)
        if given.output is None:
            screen.out.writelines(lines)
            return exits.GOOD
        entries = _write(Path(given.output), lines)
    screen.say(f"{_counted(entries)} written to {given.output}.", {"entries": entries, "path": given.output})
    return exits.GOOD


def _counted(entries: int) -> str:
    return f"{entries} {'entry' if entries == 1 else 'entries'}"


def _write(path: Path, lines: Iterable[str]) -> int:
    """Write a file that is whole or not there; return how many entries it holds."""
    count = 0
    with _partial(path) as file:
        for line in lines:
            file.write(line)
            count += 1
    return count - 2


@contextmanager
def _partial(path: Path) -> Iterator[TextIO]:
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", errors="surrogateescape") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise UnavailableError(
            f"{path} can't be written: {error.strerror}.", hint="Name another file with -o, or make room."
        ) from error
    finally:
        # Whatever ended it: a full disk, an entry that can't be read, Ctrl-C.
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _error(broken: Broken) -> AuditBroken:
    known = ", ".join(part for part in (broken.at, broken.who, broken.act) if part)
    return AuditBroken(
        f"The audit record is broken at entry {broken.seq}{f' ({known})' if known else ''}: {broken.why}.",
        hint="What comes before it is as it was written. Compare with an export or a copy of the catalog, "
        "and find out who could write the file.",
    )
