"""The entry point: arguments in, exit code out, every error as a message with its next step."""

import importlib
import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from cli import exits
from cli.parser import parse
from cli.screen import Screen
from core.errors import Cancelled, SafeholdError


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked and return the exit code of docs/exit-codes.md."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    screen = Screen(json="--json" in given)
    try:
        return _run(given, screen)
    except SafeholdError as error:
        screen.failed(error)
        return error.exit_code
    except exits.Terminated:
        screen.failed(Cancelled("Ended, as asked for."))
        return exits.TERMINATED
    except KeyboardInterrupt:
        screen.failed(Cancelled("Cancelled with Ctrl-C."))
        return exits.INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it closes the stream at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the outermost line: a person gets a reference, not a stack
        return _broken(error, screen)


def _run(given: list[str], screen: Screen) -> int:
    parsed = parse(given)
    parsed.words = given
    if parsed.verb.name not in {"serve", "playground"}:
        # Those two keep logs and end by themselves; elsewhere remarks of core would stand between result and progress.
        logging.getLogger().addHandler(logging.NullHandler())
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
                signal.signal(number, _terminate)
    return _call(parsed, screen)


def _call(parsed: Namespace, screen: Screen) -> int:
    module, _, function = parsed.verb.run.partition(":")
    code: int = getattr(importlib.import_module(f"cli.commands.{module}"), function)(parsed, screen)
    return code


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise exits.Terminated


def _broken(error: Exception, screen: Screen) -> int:
    from pathlib import Path

    import platformdirs

    from core.runtime.clock import SystemClock
    from core.services.failures import FailureLog

    folder = Path(platformdirs.user_data_dir("safehold")) / "logs"
    screen.failed(FailureLog(folder).keep("command-line", "", error, at=SystemClock().now()))
    return exits.BROKEN


if __name__ == "__main__":
    sys.exit(main())
