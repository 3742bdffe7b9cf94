"""What the command line returns to the shell."""

import signal

from core import errors
from core.errors import SafeholdError
from core.model.backup import Failure

GOOD = 0
BROKEN = 1
"""A fault of Safehold itself, or a finding of `doctor`."""
INTERRUPTED = 130
"""Ctrl-C, as shells count it: 128 and the number of SIGINT."""
TERMINATED = 143
"""SIGTERM, counted the same way; also where the terminal was closed."""
PIPE_CLOSED = 141
"""The program that read our output has gone; SIGPIPE."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a program to end: Ctrl-C, `kill`, a terminal that was closed."""


class Terminated(KeyboardInterrupt):
    """Somebody asked this process to end: cleaned up after just like Ctrl-C."""


def error_class(code: str) -> type[SafeholdError]:
    """Return the class of an error by its code; the root class for one nobody knows ("internal")."""
    known = (found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, SafeholdError))
    return next((found for found in known if found is not SafeholdError and found.code == code), SafeholdError)


def failed(failure: Failure | None) -> int:
    """Return the exit code for a run that ended with this failure."""
    return error_class(failure.code).exit_code if failure else BROKEN
