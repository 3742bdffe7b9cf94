"""How a demo is told to end: once, wherever it is, and not again while it takes everything down."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from cli.exits import ENDING, Terminated


@dataclass(slots=True)
class Ending:
    """Turns the first Ctrl-C, SIGTERM or closed terminal into one exception; whatever comes after is ignored.

    The handlers stay in place, since a signal that is ignored by the system would be ignored by children, too.
    """

    asked: bool = False
    _deaf: bool = False
    _held: bool = False

    def listen(self) -> None:
        """Hear these signals, but for those that this process was started deaf to, as by nohup."""
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._hear)

    def ignore(self) -> None:
        """Hear nothing from now on."""
        self._deaf = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put the exception off to the end of the block.

        Raises:
            Terminated: somebody asked meanwhile, or before.

        """
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.require_wanted()

    def require_wanted(self) -> None:
        """Go on where nobody has asked to end; also where the exception was lost on its way.

        Raises:
            Terminated: somebody has.

        """
        if self.asked:
            raise Terminated

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self._deaf:
            return
        self.asked = self._deaf = True
        if not self._held:
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated
