"""Where the operating system's errors become ours, for the stages of engines."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import UnavailableError


@contextmanager
def stage_errors(stage: Path) -> Iterator[None]:
    """Raise UnavailableError for what the operating system says while a stage is removed."""
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"The stage {stage} can't be removed: {error.strerror or error}.",
            hint="Let the user that Safehold runs as write there, or remove it by hand, then try again.",
            detail=str(error),
        ) from error
