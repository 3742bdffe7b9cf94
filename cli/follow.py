"""Waits in the foreground for a run, in this process or another one, and shows how far it is."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cli.screen import Screen
from core.bootstrap import Core
from core.errors import OperationError, SafeholdError
from core.model.progress import Step

LOOK_SECONDS = 0.2
SETTLE_SECONDS = 5.0
CANCEL_SECONDS = 60.0

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Run(Generic[Record]):
    """What is waited for: its key in the runner, its record, whether that is final, and where it stands.

    `cancel` asks it to stop; it is called at Ctrl-C, and only where this process runs it.
    """

    title: str
    key: str
    read: Callable[[], Record]
    over: Callable[[Record], bool]
    step: Callable[[Record], Step | None]
    ours: bool = True
    cancel: Callable[[], object] = field(default=lambda: None)


def follow(core: Core, screen: Screen, run: Run[Record]) -> Record:
    """Return the final record.

    Raises:
        KeyboardInterrupt: Ctrl-C; a run of ours was stopped and cleaned up, one of another process goes on.

    """
    with screen.progress(run.title) as show:
        try:
            return _watch(core, run, show)
        except KeyboardInterrupt:
            _stop(core, screen, run)
            raise


def _watch(core: Core, run: Run[Record], show: Callable[[Step | None], None]) -> Record:
    pause, settled_at = threading.Event(), core.clock.monotonic()
    while True:
        # Asked before reading: where the run has ended, the record that is read next is its last word.
        ended = core.runner.wait(run.key, LOOK_SECONDS) and run.ours
        record = run.read()
        if run.over(record):
            return record
        if ended:
            raise OperationError("The run ended without an outcome.", hint="See its log, and report this.")
        show(run.step(record))
        if not run.ours:
            pause.wait(LOOK_SECONDS)
            if core.clock.monotonic() - settled_at > SETTLE_SECONDS:
                # The process that runs it may have died: then its record says so after this.
                core.reconcile()
                settled_at = core.clock.monotonic()


def _stop(core: Core, screen: Screen, run: Run[Record]) -> None:
    if not run.ours:
        screen.remark("You stopped watching. It goes on in the process that runs it.")
        return
    screen.remark("Stopping, and removing what is left. One moment.")
    with suppress(SafeholdError):
        run.cancel()
    core.runner.cancel(run.key)
    core.runner.wait(run.key, CANCEL_SECONDS)
