"""Opens core for one command, and says who gives it."""

import os
import pwd
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from core.bootstrap import Core, build_core, build_rebuild, load_config
from core.config import Config
from core.errors import UnavailableError, UsageError
from core.model.person import Door, Person
from core.model.until_typed import parse_until


class NoGroups:
    """The groups of the command line: a login of this machine is in no group of Slack."""

    def members(self, _group: str) -> frozenset[str]:
        """Return nobody."""
        return frozenset()


@contextmanager
def opened(given: Namespace) -> Iterator[Core]:
    """Yield core as configured; what still runs at the end is asked to stop, and cleaned up after.

    Raises:
        UsageError, ConfigInvalid: the configuration.
        CatalogCorrupt, UnsupportedVersion, UnavailableError: the catalog.

    """
    with built(load_config(given.config)) as core:
        yield core


@contextmanager
def looked_at(given: Namespace) -> Iterator[Core]:
    """Yield core as configured, for a look at its records: it is not started, and settles nothing.

    Raises:
        UsageError, ConfigInvalid: the configuration.
        CatalogCorrupt, UnsupportedVersion, UnavailableError: the catalog.

    """
    core = built(load_config(given.config))
    with closing(core.catalog):
        yield core


def built(config: Config) -> Core:
    """Wire core for this door; an empty catalog is not put in the place of one that is gone.

    Raises:
        CatalogCorrupt, UnsupportedVersion, UnavailableError: the catalog.

    """
    if build_rebuild(config).lost():
        raise UnavailableError(
            f"The catalog {config.catalog_path} is gone, and the vaults hold backups.",
            hint="Put it back, or make a new one from the vaults: safehold catalog rebuild",
        )
    return build_core(config, role="command-line", groups=NoGroups())


def me() -> Person:
    """Return the person at this terminal, by the login that the system knows: anybody can set LOGNAME.

    Raises:
        UsageError: the system knows no name for this user.

    """
    try:
        login = pwd.getpwuid(os.getuid()).pw_name
    except KeyError as error:
        raise UsageError(
            "This user has no login name, so nothing could be recorded about who asked.",
            hint="Run as a user with a name, or give this one an entry in /etc/passwd.",
        ) from error
    return Person(id=f"os:{login}", name=login, door=Door.COMMAND_LINE)


def until(core: Core, text: str) -> datetime:
    """Return the moment that a person means, whose clock is that of this terminal.

    Raises:
        UsageError: it is none.

    """
    return parse_until(text, core.clock.now(), lambda wall: wall.astimezone())


def source_named(core: Core, name: str | None, *, verb: str = "now", doing: str = "back up") -> str:
    """Return the source that is meant: the one named, or the only one.

    Raises:
        UsageError: none was named and there are several.

    """
    if name is not None:
        return name
    names = sorted(core.config.sources)
    if len(names) == 1:
        return names[0]
    hint = (
        f"For example: safehold {verb} {names[0]}. There are: {', '.join(names)}."
        if names
        else "Add one to the configuration first: [sources.NAME]."
    )
    raise UsageError(f"Say which source to {doing}.", hint=hint)
