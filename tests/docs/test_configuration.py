"""docs/configuration.md lists exactly the keys that are read, with their types, defaults and meaning."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from core.bootstrap import SHAPES
from core.config import keys, read_config
from core.model.options import Option

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "configuration.md").read_text("utf-8")
SECTIONS = {
    "Above all tables": keys.TOP,
    "[sources.NAME]": keys.SOURCE,
    "[policies.NAME]": keys.POLICY,
    "[sources.NAME.schedule]": keys.SCHEDULE,
    "[vaults.NAME]": keys.VAULT,
    "[provisioners.NAME]": keys.PROVISIONER,
    "[access]": keys.ACCESS,
    "[slack]": keys.SLACK,
    "[notices]": keys.NOTICES,
    "[web]": keys.WEB,
    "[catalog]": keys.CATALOG,
    "[state]": keys.STATE,
    **{f'engine = "{name}"': options for name, options in SHAPES.engines.items()},
    **{f'vault type = "{name}"': options for name, options in SHAPES.vaults.items()},
    **{f'provisioner type = "{name}"': options for name, options in SHAPES.provisioners.items()},
}


def default_of(option: Option) -> str:
    """Return an option's default as it would be written in TOML."""
    value = option.default
    if option.required:
        return "required"
    if value is None or value in ("", ()):
        return "none"
    written: dict[str, Callable[[], str]] = {
        "ports": lambda: f'"{value.start}-{value.stop - 1}"',
        "duration": lambda: f'"{value // 3600}h"' if value % 3600 == 0 else f'"{value // 60}m"',
        "size": lambda: f'"{value >> 20}m"',
        "list": lambda: "[" + ", ".join(f'"{entry}"' for entry in value) + "]",
        "integer": lambda: str(value),
        "rule": lambda: json.dumps(value),
        "flag": lambda: str(value).lower(),
    }
    return f"`{written.get(option.kind, lambda: chr(34) + value + chr(34))()}`"


def rows_of(options: tuple[Option, ...]) -> list[str]:
    """Return the rows of the table that describes these options."""
    return [f"| `{option.name}` | {option.kind} | {default_of(option)} | {option.says} |" for option in options]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_documented(section: str) -> None:
    """A key can't be added, renamed or change its default without the page saying so."""
    _, found, rest = PAGE.partition(f"### `{section}`\n" if "[" in section or "=" in section else f"### {section}\n")
    assert found, f"docs/configuration.md has no section {section}"
    part = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    assert re.findall(r"^\| `.*\|$", part, flags=re.MULTILINE) == rows_of(SECTIONS[section])


@pytest.mark.parametrize("page", ["configuration.md", "command-provisioner.md", "retention.md"])
def test_the_examples_are_valid(page: str, tmp_path: Path) -> None:
    """Whoever copies an example gets a configuration without a fault."""
    examples = re.findall(r"```toml\n(# safehold\.toml\n.*?)```", (DOCS / page).read_text("utf-8"), flags=re.DOTALL)
    assert examples
    for example in examples:
        (tmp_path / "safehold.toml").write_text(example, "utf-8")
        assert read_config(tmp_path / "safehold.toml", SHAPES).sources
