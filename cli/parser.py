"""The arguments of every verb, their help and their examples."""

import argparse
import copy
import difflib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from cli.verb import NEEDED, Verb
from cli.verbs import GROUPS, VERBS
from core.errors import UsageError

_GLOBALS = ("config", "json", "no_wait")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help that shows in brackets only what can be left out."""

    def add_usage(self, usage: str | None, actions: Iterable[argparse.Action], *rest: Any, **named: Any) -> None:
        """Add the usage; what is needed stands in it as what argparse itself requires does."""
        super().add_usage(usage, [_required(action) for action in actions], *rest, **named)


class Parser(argparse.ArgumentParser):
    """A parser that answers a mistake with the nearest right thing, as an error like all others."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=Formatter, add_help=False, **settings)
        self.add_argument("-h", "--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Raise instead of ending the process.

        Raises:
            UsageError: always.

        """
        wrong = re.search(r"argument VERB: invalid choice: '(.*?)'(?: \(|, maybe|$)", message)
        if wrong:
            raise _unknown_verb(wrong[1])
        stray = re.search(r"unrecognized arguments: (-\S+)", message)
        near = _nearest(stray[1].partition("=")[0], self._options()) if stray else ""
        hint = f"Did you mean {near}?" if near else f"See {self.prog} --help."
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", hint=hint)

    def _options(self) -> list[str]:
        known = {option for verb in VERBS for flags, _ in verb.arguments for option in flags if option.startswith("--")}
        return sorted(known | {f"--{name.replace('_', '-')}" for name in _GLOBALS} | {"--help"})


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what was asked for: `verb` is a Verb, the rest its arguments.

    Raises:
        UsageError: it was not understood; the hint has the nearest right thing.
        SystemExit: help was asked for and printed.

    """
    if not arguments:
        raise UsageError("Say what to do.", hint="For example: safehold list. All verbs: safehold --help.")
    given = build().parse_args(arguments)
    for name, default in (("config", _configured()), ("json", False), ("no_wait", False)):
        setattr(given, name, getattr(given, name, default))
    return given


def build() -> Parser:
    """Make the parser with all its verbs."""
    parser = Parser(
        prog="safehold",
        usage="safehold VERB [arguments]",
        description="Backups of your databases: the same verbs as in Slack, over the same catalog.",
        epilog="Help on a verb: safehold VERB --help. Exit codes: docs/exit-codes.md.",
    )
    _add_globals(parser)
    verbs = parser.add_subparsers(prog="safehold", metavar="VERB", required=True, title="verbs", parser_class=Parser)
    groups: dict[str, Any] = {}
    for verb in VERBS:
        first, _, second = verb.name.partition(" ")
        if second and first not in groups:
            groups[first] = _add_group(verbs, first)
        _add_verb(groups[first] if second else verbs, second or first, verb)
    return parser


def _add_group(verbs: Any, name: str) -> Any:
    """Add a verb that needs a second word to say what is meant."""
    group = verbs.add_parser(name, help=GROUPS[name], description=f"{GROUPS[name].capitalize()}.")
    return group.add_subparsers(
        prog=f"safehold {name}", metavar="WHAT", required=True, title="what", parser_class=Parser
    )


def _add_verb(verbs: Any, name: str, verb: Verb) -> None:
    examples = "\n".join(f"  {example}" for example in verb.examples)
    parser = verbs.add_parser(
        name, help=verb.says, description=verb.description, epilog=f"examples:\n{examples}" if examples else ""
    )
    for flags, settings in verb.arguments:
        taken = {name: value for name, value in settings.items() if name != NEEDED}
        setattr(parser.add_argument(*flags, **taken), NEEDED, settings.get(NEEDED, False))
    _add_globals(parser)
    parser.set_defaults(verb=verb)


def _required(action: argparse.Action) -> argparse.Action:
    shown = copy.copy(action)
    shown.required = action.required or getattr(action, NEEDED, False)
    return shown


def _add_globals(parser: Parser) -> None:
    """Add what every verb takes, before or after it; the defaults are set once, by `parse`."""
    everywhere = parser.add_argument_group("everywhere")
    everywhere.add_argument(
        "--config",
        type=Path,
        metavar="PATH",
        default=argparse.SUPPRESS,
        help="the configuration (else $SAFEHOLD_CONFIG, ./safehold.toml or your user configuration folder)",
    )
    everywhere.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document, times in UTC"
    )
    everywhere.add_argument(
        "--no-wait",
        action="store_true",
        default=argparse.SUPPRESS,
        help="return once it has begun; it goes on in the background",
    )


def _configured() -> Path | None:
    named = os.environ.get("SAFEHOLD_CONFIG", "")
    return Path(named) if named else None


def _unknown_verb(word: str) -> UsageError:
    near = _nearest(word, [verb.name for verb in VERBS])
    shown = word if len(word) <= 40 else f"{word[:37]}..."  # noqa: PLR2004 - what fits in a line beside the hint
    hint = f"Did you mean {near}?  safehold {near} --help" if near else "All verbs: safehold --help."
    return UsageError(f"I don't know a verb {shown}.", hint=hint)


def _nearest(word: str, known: Sequence[str]) -> str:
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.5)), "")
