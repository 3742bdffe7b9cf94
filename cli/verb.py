"""One verb of the command line, as a value."""

from dataclasses import dataclass
from typing import Any

Argument = tuple[tuple[str, ...], dict[str, Any]]


NEEDED = "needed"
"""The setting of an option that has to be given. A terminal asks for it, so argparse itself requires nothing."""


def argument(*flags: str, **settings: Any) -> Argument:
    """Return one argument, as argparse takes it but for `needed`."""
    return flags, settings


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb, or two words: a group and what of it is meant.

    `run` is "module:function" in cli.commands, imported when it is called, so that help is quick.
    """

    name: str
    says: str
    description: str
    run: str
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()


ID = argument("id", metavar="ID", help="a backup's id, or any unique beginning of it or of its end")
