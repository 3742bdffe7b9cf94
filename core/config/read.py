"""Reads safehold.toml into a Config, or says everything that is wrong with it."""

import re
import tomllib
from pathlib import Path
from typing import Any

from core.config.lines import locate
from core.config.sections import Sections
from core.config.table import Reading, find_secrets
from core.config.values import Config
from core.errors import ConfigInvalid
from core.model.options import Shapes

LARGEST_BYTES = 1 << 20


def read_config(path: Path, shapes: Shapes) -> Config:
    """Read the configuration; `shapes` are the options of every known type.

    Relative paths are those of the file's folder; ~ is the home directory.

    Raises:
        ConfigInvalid: the message holds every fault, one a line, each with its line number and the fix.

    """
    path = path.absolute()
    text = _text_of(path)
    document = _parse(path, text)
    reading = Reading(path, locate(text))
    secrets = frozenset(find_secrets(reading, document))
    config = Sections(reading, document, shapes, secrets).config()
    if faults := reading.report():
        raise ConfigInvalid("\n".join(faults))
    return config


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigInvalid(
            f"The configuration {path} can't be read: {reason}.", hint="Name the right file with --config."
        ) from error
    if len(content) > LARGEST_BYTES:
        raise ConfigInvalid(f"{path.name} is larger than 1 MiB.", hint="Name the right file with --config.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigInvalid(f"{path.name} line {line}: this is not UTF-8. Save the file as UTF-8.") from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigInvalid(f"{path.name}: brackets are nested too deeply. Write plain tables and lists.") from None
    except ValueError as error:
        # tomllib.TOMLDecodeError, and what int() and datetime() say of numbers and dates. The text of the line is
        # not repeated: it may hold a secret.
        says = str(error)
        found = re.search(r"at line (\d+)", says)
        line = int(found[1]) if found else text.count("\n") + 1
        what = re.sub(r"\s*\(at [^)]*\)$", "", says)[:200]
        raise ConfigInvalid(
            f"{path.name} line {line}: this is not TOML: {what}. Texts stand in double quotes, one key a line."
        ) from None
