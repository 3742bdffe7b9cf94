"""Starts, finds and stops processes of the operating system."""

import errno
import logging
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, cast

import psutil

from core.errors import Cancelled, OperationError, UnavailableError
from core.runtime.environment import plain_environment
from core.runtime.output import Output
from core.runtime.priority import take_along

KILL_AFTER_SECONDS = 5.0
POLL_SECONDS = 0.05
SAME_CREATION_SECONDS = 2.0
"""Creation times are counted from the boot time, which moves with the clock between two readers."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended. `code` is negative where a signal ended it.

    `tail` is the end of all it printed, both streams as they came; `errors` the end of its stderr alone.
    """

    code: int
    tail: str
    errors: str = ""


def run(  # noqa: PLR0913  each but the program has a default
    argv: Sequence[str],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_start: Callable[[int], None] | None = None,
) -> Completed:
    """Run a program to its end, with at most `timeout` seconds; `env` is all it gets (None: the plain one).

    Its stdin is a pipe that closes when this process dies, even by kill -9. `on_line` is called in this thread
    for each line of stdout, without its line break, as it comes. The program and its process group are ended
    (TERM, KILL after 5 s) on timeout, when `cancelled()` turns true, and when `on_line` raises. `on_start` is told
    its pid before the program itself begins to run; when that raises, or we are killed meanwhile, it never does.

    Raises:
        UnavailableError: it could not be started.
        OperationError: it did not end in time; `detail` holds the end of its output.
        Cancelled: `cancelled()` said so.

    """
    begun = argv if on_start is None else _waiting(argv, env, cwd)
    process = _popen(begun, env=env, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    take_along(process.pid)
    stdin, output = _piped(process, on_line)
    expired = threading.Event()
    timer = threading.Timer(timeout, expired.set)
    timer.daemon = True
    timer.start()
    try:
        if on_start is not None:
            on_start(process.pid)
            with suppress(BrokenPipeError):
                stdin.write(b"\n")
                stdin.flush()
        while not _ended(process, output):
            if expired.is_set():
                _refuse_to_wait(Path(argv[0]).name, timeout, output)
            if cancelled is not None and cancelled():
                _refuse_to_go_on()
        return Completed(process.wait(), _text(output.tail), _text(output.errors))
    except BaseException:
        _end_group(process)
        raise
    finally:
        timer.cancel()
        output.close()
        # Closing writes what is left: to a program that has ended meanwhile, nothing.
        with suppress(BrokenPipeError):
            stdin.close()


def spawn_detached(argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> int:
    """Start a program that outlives this process, in a session of its own; return its pid.

    It reads nothing, prints to the end of `log`, inherits no open file, and sees `env` only.

    Raises:
        UnavailableError: it could not be started.

    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        process = _popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor)
    finally:
        os.close(descriptor)
    # It is meant to outlive us, which Popen would complain of; it is reaped by its pid when it ends before us.
    process.returncode = 0
    _detached.add(process.pid)
    _await_shown(process.pid, env)
    return process.pid


def find(marker: str) -> tuple[int, ...]:
    """Return the processes of this user, but this one, with the path `marker` or one below it in an argument."""
    pattern = re.compile(rf"(?:^|[:=,;@\"'\s]|://){re.escape(marker.rstrip('/'))}(?=$|[/:,;\"'\s])")
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if (
                process.pid != os.getpid()
                and process.uids().real == os.getuid()
                and any(pattern.search(argument) for argument in process.cmdline())
            ):
                found.append(process.pid)
    return tuple(found)


def variable(pid: int, name: str) -> str | None:
    """Return a variable that a process was started with; None where it has none or it may not be read."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ().get(name)
    return None


def created(pid: int) -> float | None:
    """Return when a process was created, in seconds since the epoch; None where it is dead or a zombie."""
    _reap(pid)
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    return None


def alive(pid: int, created_at: float) -> bool:
    """Say whether the process that was created then still runs; another one with its pid doesn't count."""
    found = created(pid)
    return found is not None and abs(found - created_at) < SAME_CREATION_SECONDS


def stop(pid: int, created_at: float, grace_seconds: float = 30.0) -> bool:
    """Ask a process to end (TERM), make it end after the grace (KILL), wait; True once it is gone.

    Where it leads a process group of its own, the whole group is asked, and what is left of it is killed.
    """
    leads = _leads(pid)
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, KILL_AFTER_SECONDS)):
        if not alive(pid, created_at):
            return True
        _signal(pid, number, group=leads)
        if _gone(pid, created_at, seconds):
            if leads:
                _signal(pid, signal.SIGKILL, group=True)
            return True
    logger.warning("process %s did not end after SIGKILL", pid)
    return False


_detached: set[int] = set()


def _await_shown(pid: int, env: Mapping[str, str]) -> None:
    """Wait, at most a second, until the system shows by what others know it: one look in six was too early."""
    pause = threading.Event()
    for _ in range(200):
        with suppress(psutil.Error):
            shown = psutil.Process(pid)
            if shown.status() == psutil.STATUS_ZOMBIE or (shown.cmdline() and (shown.environ() or not env)):
                return
        pause.wait(0.005)


def _popen(
    argv: Sequence[str], *, env: Mapping[str, str] | None, cwd: Path | None, **streams: Any
) -> subprocess.Popen[bytes]:
    try:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            list(argv),
            env=plain_environment() if env is None else dict(env),
            cwd=cwd,
            close_fds=True,
            start_new_session=True,
            **streams,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _not_started(argv[0], reason) from error
    return process


def _waiting(argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None) -> tuple[str, ...]:
    """Return a program that becomes this one, of the same pid, once a line comes by its stdin, and ends without one.

    Raises:
        UnavailableError: there is no such program.

    """
    named = str((cwd or Path.cwd()) / argv[0]) if os.sep in argv[0] else argv[0]
    if shutil.which(named, path=(plain_environment() if env is None else env).get("PATH")) is None:
        raise _not_started(argv[0], os.strerror(errno.EACCES if Path(named).exists() else errno.ENOENT))
    return ("/bin/sh", "-c", 'read -r _ && exec "$@"', "sh", *argv)


def _not_started(program: str, reason: object) -> UnavailableError:
    return UnavailableError(
        f"{program} could not be started: {reason}.", hint="Check that it is there and may be executed."
    )


def _ended(process: subprocess.Popen[bytes], output: Output) -> bool:
    """Read for a moment; True when the program has ended and all that it printed was read."""
    # Asked before reading: what it printed before its end is in the pipes by then. Their own end can't be waited
    # for, as a child that it left in the background may hold them open for ever.
    over = process.poll() is not None
    if output.read(0 if over else POLL_SECONDS):
        return False
    if over:
        output.finish()
    elif not output.open:
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
    return over


def _text(printed: bytearray) -> str:
    return printed.decode(errors="replace")


def _refuse_to_wait(program: str, timeout: float, output: Output) -> NoReturn:
    raise OperationError(
        f"{program} did not finish within {timeout:g} s and was ended.",
        hint="Look at what it printed; if it only needs longer, try again when the machine is less busy.",
        detail=_text(output.tail),
    )


def _refuse_to_go_on() -> NoReturn:
    raise Cancelled("Cancelled.", hint="Nothing more is done for it.")


def _piped(process: subprocess.Popen[bytes], on_line: Callable[[str], None] | None) -> tuple[IO[bytes], Output]:
    return cast("IO[bytes]", process.stdin), Output(
        cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stderr), on_line
    )


def _reap(pid: int) -> None:
    if pid in _detached:
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended = pid
        if ended:
            _detached.discard(pid)


def _leads(pid: int) -> bool:
    with suppress(OSError):
        return os.getpgid(pid) == pid != os.getpgrp()
    return False


def _signal(pid: int, number: int, *, group: bool) -> None:
    with suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(pid, number)


def _gone(pid: int, created_at: float, seconds: float) -> bool:
    pause = threading.Event()
    for _ in range(max(1, round(seconds / POLL_SECONDS))):
        if not alive(pid, created_at):
            return True
        pause.wait(POLL_SECONDS)
    return not alive(pid, created_at)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(KILL_AFTER_SECONDS)
    # Also where the first one ended by itself: others of its group may not have.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
