"""Turns what ended a run into the failure its record shows, and keeps the whole story in a log file."""

import re
import secrets
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import PlanChanged, SafeholdError
from core.model.backup import Failure

LOGS_KEPT = 500
CLOCKS_DIFFER_SECONDS = 60.0
"""What is later than what was written just now by more than this was written before a clock was set back."""

_REFERENCE = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class FailureLog:
    """A folder with one file a failure, named by run and reference."""

    folder: Path

    def keep(self, run: str, step: str, error: BaseException, *, at: datetime, extra: str = "") -> Failure:
        """Write the story of an error down and return what people are shown of it."""
        reference = secrets.token_hex(4)
        self._write(f"{run.replace(':', '-')}-{reference}.log", _story(run, step, error, at, extra))
        if isinstance(error, SafeholdError):
            return Failure(error.code, error.message, error.hint, reference, step)
        return Failure(
            code="internal",
            message="Something broke inside Safehold.",
            hint=f"Look for {reference} in its logs and report it.",
            reference=reference,
            step=step,
        )

    def read(self, reference: str) -> str:
        """Return the story behind a reference, "" where it is not kept any more."""
        if not _REFERENCE.fullmatch(reference):
            return ""
        for path in self.folder.glob(f"*-{reference}.log"):
            return path.read_text(encoding="utf-8", errors="replace")
        return ""

    def _write(self, name: str, story: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            written = self.folder / name
            written.write_text(story, encoding="utf-8")
            others = [path for path in self.folder.glob("*.log") if path != written]
            if len(others) >= LOGS_KEPT:
                for old in _oldest_first(others, _changed_at(written))[: 1 - LOGS_KEPT]:
                    old.unlink(missing_ok=True)
        except OSError:
            # A full disk is what many failures are about: the record must be written all the same.
            return


def _oldest_first(paths: list[Path], now: float) -> list[Path]:
    """Sort by the time of writing; what is from the future was written before a clock was set back, and goes first."""
    changed = {path: _changed_at(path) for path in paths}
    return sorted(paths, key=lambda path: (changed[path] <= now + CLOCKS_DIFFER_SECONDS, changed[path]))


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # Another process prunes, too.
        return 0.0


def failure_of(error: SafeholdError) -> Failure:
    """Return an error as what a record shows of it, where no run has a log."""
    return Failure(error.code, error.message, error.hint, "")


def void(change: str) -> PlanChanged:
    """Return the error of a restore whose plan no longer fits; `change` says in words what doesn't."""
    return PlanChanged(f"Void: {change}. Nothing was restored.", hint="Choose another backup and ask again.")


def _story(run: str, step: str, error: BaseException, at: datetime, extra: str) -> str:
    detail = error.detail if isinstance(error, SafeholdError) else ""
    parts = [
        f"run {run}, step {step or 'none'}, {at.isoformat()}",
        "".join(traceback.format_exception(error)),
        detail,
        extra,
    ]
    return "\n\n".join(part for part in parts if part)
