"""What leaves this program: results on stdout, progress and remarks on stderr, one JSON document where asked."""

import errno
import json
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from tabulate import tabulate

from cli import documents, words
from cli.documents import Document
from cli.progress import Meter, meter
from core.errors import SafeholdError, UsageError
from core.model.backup import Failure


@dataclass(frozen=True, slots=True)
class Screen:
    """Two streams and a choice between words for people and documents for scripts."""

    json: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    @property
    def interactive(self) -> bool:
        """Say whether a person sits there who can be asked."""
        return not self.json and sys.stdin.isatty() and self.err.isatty()

    def say(self, text: str, document: Document) -> None:
        """Print the result: the text for people, or the document for scripts."""
        if self.json:
            _write(self.out, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        else:
            _write(self.out, words.clean(text).rstrip("\n") + "\n")

    def remark(self, text: str) -> None:
        """Tell a person something that is not the result."""
        _write(self.err, words.clean(text).rstrip("\n") + "\n")

    def ask(self, question: str) -> str:
        """Return what a person answers; nothing where they end their input instead (Ctrl-D)."""
        _write(self.err, words.clean(question))
        try:
            return input().strip()
        except EOFError:
            _write(self.err, "\n")
            return ""

    def agrees(self, question: str, what: str, given: Namespace) -> bool:
        """Say whether a person agrees, or has said --yes before; `what` names the matter where nobody can be asked.

        Raises:
            UsageError: nobody is here to ask.

        """
        if given.yes:
            return True
        if not self.interactive:
            raise UsageError(f"Nobody is here to ask whether to {what}.", hint="Add --yes to do it.")
        return self.ask(f"{question} [y/N] ").lower() in {"y", "yes"}

    def reason(self, text: str, question: str, missing: UsageError) -> str:
        """Return why, as it was given or as a person answers.

        Raises:
            UsageError: `missing`, where there is none.

        """
        reason = text or (self.ask(question) if self.interactive else "")
        if not reason.strip():
            raise missing
        return reason

    def failed(self, error: SafeholdError | Failure, beside: Document | None = None) -> None:
        """Print what went wrong and the next step: as a document on stdout, or as words on stderr."""
        if self.json:
            self.say("", {"error": documents.error(error), **(beside or {})})
            return
        reference = f"Reference: {error.reference}" if isinstance(error, Failure) else ""
        self.remark("\n".join(part for part in (f"safehold: {error.message}", error.hint, reference) if part))

    @contextmanager
    def progress(self, title: str) -> Iterator[Meter]:
        """Show how far a run is: a bar on a terminal, else a line for each new step."""
        with meter(self.err, title) as shown:
            yield shown


def _write(stream: TextIO, text: str) -> None:
    """Write it at once; where the terminal was closed nobody is told, and what has to be done is done all the same."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if error.errno != errno.EIO:
            raise


GAP = 2
"""What stands between two columns of a table."""


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], columns: int | None = None) -> str:
    """Return a table of texts, one line a row; on a terminal, or within so many columns, cells are folded at spaces."""
    flat = [[" ".join(cell.split()) for cell in row] for row in rows]
    if columns is None and sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
    widths = _widths([headers, *flat], columns) if columns else None
    return str(tabulate(flat, headers=headers, tablefmt="simple", disable_numparse=True, maxcolwidths=widths))


def _widths(rows: Sequence[Sequence[str]], columns: int) -> list[int]:
    """Return how wide each column may be: the widest gives first, none less than its longest word."""
    cells = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in cells]
    words_of = [max((len(word) for cell in column for word in cell.split()), default=1) for column in cells]
    while sum(widths) + GAP * (len(widths) - 1) > columns:
        able = [place for place, width in enumerate(widths) if width > words_of[place]]
        if not able:
            break
        widths[max(able, key=lambda place: widths[place])] -= 1
    return widths


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names and values, one pair a line, those without a value left out."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in pairs if value)
