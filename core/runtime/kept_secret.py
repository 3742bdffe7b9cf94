"""This installation's secret, made once and kept in a file."""

import contextlib
import os
import secrets
from pathlib import Path

from core.errors import UnavailableError
from core.runtime.files import write_atomically

SECRET_BYTES = 32


def kept_secret(folder: Path) -> bytes:
    """Return this installation's secret, made at the first call and readable by its user alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "secret"
    if not path.exists():
        # Whole and durable before it gets its name, and the first of two processes wins.
        made = folder / f".secret-{secrets.token_hex(8)}"
        write_atomically(made, secrets.token_bytes(SECRET_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    kept = path.read_bytes()
    if len(kept) != SECRET_BYTES:
        raise UnavailableError(f"{path} is not a secret of ours.", hint="Remove it; open download links end with it.")
    return kept
