"""Shows how far a run is: a bar on a terminal, a plain line for each step elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from cli import words
from core.model.progress import Step

Meter = Callable[[Step | None], None]
"""Called with where a run stands, as often as one likes."""


@contextmanager
def meter(stream: TextIO, title: str) -> Iterator[Meter]:
    """Yield what shows the steps of one run on this stream."""
    if not stream.isatty():
        yield _Lines(stream, title)
        return
    with _bar(stream, title) as shown:
        yield shown


@dataclass(slots=True)
class _Lines:
    """Writes a line whenever the step has another name."""

    stream: TextIO
    title: str
    last: str = ""

    def __call__(self, step: Step | None) -> None:
        if step is not None and step.name != self.last:
            self.last = step.name
            self.stream.write(words.clean(f"{self.title}: {step.name}\n"))
            self.stream.flush()


@contextmanager
def _bar(stream: TextIO, title: str) -> Iterator[Meter]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task(title, total=None)

        def show(step: Step | None) -> None:
            total = step.total if step and step.total else None
            done = step.done if step else 0
            progress.update(task, description=words.clean(f"{title}: {words.step(step)}"), total=total, completed=done)

        yield show
