"""What an engine, a vault or a provisioner may be told in the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "path", "url", "text", "duration", "size", "integer", "flag", "list", "ports", "program", "rule", "table"
]
"""How an option is written, and what it becomes.

path: a `Path`, absolute. url: text. text: text. duration ("90s", "15m", "24h", "7d"): seconds, int.
size ("768m", "2g"): bytes, int. integer: int. flag: bool. list: a tuple of texts. ports ("18400-18499"): a `range`.
program: a program and its arguments, a tuple of texts; where the first has a slash in it, it is an absolute path.
rule and table: as TOML has it; whoever asks for it checks it.
"""


@dataclass(frozen=True, slots=True)
class Option:
    """One key that may stand in a table of the configuration.

    `default` is the value after reading (seconds, bytes, a Path); it holds where the key is missing and not
    `required`. `says` is one sentence for people: it ends up in errors and is compared with the docs.
    """

    name: str
    kind: Kind
    required: bool = False
    default: Any = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Shapes:
    """The options of every known type, by type: what the configuration is checked against."""

    engines: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    vaults: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    provisioners: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
