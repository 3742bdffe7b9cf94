"""docs/command-line.md, docs/exit-codes.md, README.md and the program say the same."""

import re
import shlex
from pathlib import Path

import pytest

from cli import exits
from cli.parser import parse
from cli.verb import NEEDED, Verb
from cli.verbs import VERBS
from core import errors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `(safehold [^`]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def usage(verb: Verb) -> str:
    """Return the heading that a verb's section has to have."""
    words = ["safehold", verb.name]
    for flags, settings in verb.arguments:
        if flags[0].startswith("-"):
            value = "" if settings.get("action") == "store_true" else f" {settings['metavar']}"
            words.append(f"{flags[0]}{value}" if settings.get(NEEDED) else f"[{flags[0]}{value}]")
        else:
            words.append(f"[{settings['metavar']}]" if settings.get("nargs") == "?" else settings["metavar"])
    return " ".join(words)


def test_every_verb_has_its_section_in_order() -> None:
    """Headings are the verbs with all their arguments, in the order of the help."""
    assert list(SECTIONS) == [usage(verb) for verb in VERBS]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_section_says_what_the_help_says(verb: Verb) -> None:
    """Description, arguments and examples are those of the parser."""
    text = " ".join(SECTIONS[usage(verb)].split())
    assert " ".join(verb.description.split()) in text
    for _, settings in verb.arguments:
        assert " ".join(settings["help"].split()) in text
    for example in verb.examples:
        assert example in text


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_every_command_in_the_docs_can_be_typed(page: str) -> None:
    """A command that a reader copies from an indented line or a code block is understood."""
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = re.findall(r"^ *(?:\$ )?(?:\.venv/bin/|/opt/safehold/bin/)?safehold ([^`|\n]+)$", text, re.MULTILINE)
    blocks = "\n".join(re.findall(r"^```.*?^```|^ {4}.*$", text, re.MULTILINE | re.DOTALL))
    for command in commands:
        if command in blocks and not re.search(r"[<>\[\]]", command):
            assert parse(shlex.split(command, comments=True)).verb in VERBS


def test_every_exit_code_is_documented() -> None:
    """docs/exit-codes.md lists what the program can return, and nothing else."""
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    raised = {c.exit_code for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.SafeholdError)}
    ours = {exits.GOOD, exits.BROKEN, exits.INTERRUPTED, exits.TERMINATED, exits.PIPE_CLOSED}
    assert documented == raised | ours
