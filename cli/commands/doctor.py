"""`doctor`: what is missing, and how to mend it, before it is needed."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing

from cli import exits, words
from cli.doctor import SlackCheck
from cli.screen import Screen
from cli.session import built
from core.bootstrap import load_config
from core.config import Config
from core.errors import SafeholdError
from core.services.check_up import Finding


def doctor(given: Namespace, screen: Screen) -> int:
    """Print a line for each thing that was looked at; 1 where anything needs mending."""
    findings = tuple(_findings(given, screen))
    wrong = sum(not finding.ok for finding in findings)
    lines = [f"{'ok ' if f.ok else 'FIX'}  {f.name}: {f.says}" + (f"\n     {f.fix}" if f.fix else "") for f in findings]
    lines.append("Everything is well." if not wrong else f"{words.plural(wrong, 'thing')} to mend.")
    documents = [{"name": f.name, "ok": f.ok, "says": f.says, "fix": f.fix} for f in findings]
    screen.say("\n".join(lines), {"ok": not wrong, "findings": documents})
    return exits.BROKEN if wrong else exits.GOOD


def _findings(given: Namespace, screen: Screen) -> Iterator[Finding]:
    try:
        config = load_config(given.config)
    except SafeholdError as error:
        # Without a configuration there is nothing else to look at.
        yield Finding("configuration", ok=False, says=error.message, fix=error.hint)
        return
    yield Finding("configuration", ok=True, says=str(config.path))
    with screen.progress("Looking"):
        yield from _core(config)
        if not given.no_slack:
            slack = {name: value for name, value in os.environ.items() if name.startswith("SLACK_")}
            yield from SlackCheck(slack, config.slack)()


def _core(config: Config) -> Iterator[Finding]:
    try:
        # Not started: a doctor looks, and settles nothing.
        core = built(config)
    except SafeholdError as error:
        yield Finding("catalog", ok=False, says=error.message, fix=error.hint)
        return
    with closing(core.catalog):
        yield from core.check_up()
    yield from _java(config)


def _java(config: Config) -> Iterator[Finding]:
    if not any(source.engine.startswith("janusgraph") for source in config.sources.values()):
        return
    from pathlib import Path

    import platformdirs

    from core.engines.janusgraph_berkeleyje.jars import jars_present
    from core.engines.janusgraph_berkeleyje.java import find_java

    try:
        yield Finding("Java", ok=True, says=str(find_java()))
    except SafeholdError as error:
        yield Finding("Java", ok=False, says=error.message, fix=error.hint)
    there = jars_present(Path(platformdirs.user_cache_dir("safehold")))
    says = "are in the cache" if there else "are not here yet: the first backup fetches them, 72 MB"
    yield Finding("JanusGraph jars", ok=True, says=says)
