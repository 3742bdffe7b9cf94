"""What the bot does about a catalog that is damaged, removed or replaced: when it starts, while it runs, at its end."""

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.bootstrap import Core, build_rebuild
from core.catalog.replacing import damaged_mark
from core.config import Config
from core.errors import BusyError, CatalogCorrupt, SafeholdError, UnavailableError

TRIES = 5

logger = logging.getLogger(__name__)


def recover(config: Config) -> None:
    """Rebuild the catalog where it is damaged or gone, and say so."""
    rebuilt = build_rebuild(config).if_needed()
    if rebuilt is not None:
        old = f"It is set aside: {rebuilt.aside}" if rebuilt.aside else "There was none"
        begun = f"the copy of {rebuilt.copy.at:%Y-%m-%d %H:%M} UTC and " if rebuilt.copy else ""
        sys.stdout.write(
            f"The catalog could not be used. {old}. "
            f"A new one was made from {begun}{rebuilt.tally.manifests} manifests. Look at the disk.\n"
        )
        sys.stdout.flush()


@dataclass(slots=True)
class CatalogWatch:
    """Ends a bot that can record nothing any more, and keeps what can be kept."""

    core: Core
    _told: bool = False
    _kept: Path | None = None
    _failed: str = ""

    def look(self, end: Callable[[], None]) -> None:
        """End the bot where the catalog was found unusable: a new start puts that right."""
        catalog = self.core.catalog
        with suppress(SafeholdError):
            catalog.revision()
        if self._told or not catalog.damaged:
            return
        self._told = True
        if catalog.displaced:
            logger.critical("the catalog was removed or replaced: the bot ends, and keeps what it held")
        else:
            logger.critical("the catalog is damaged: the bot ends, and rebuilds it when it is started again")
        end()

    def keep(self) -> None:
        """Keep what it held where it lies no longer in its place; the catalog must still be open."""
        self._failed = "The log says why."
        for left in reversed(range(TRIES)):
            try:
                self._kept, self._failed = self.core.put_catalog_back(), ""
            except (BusyError, UnavailableError) as error:
                # Every connection may be at work in that moment, or somebody writes.
                self._failed = str(error)
                time.sleep(1.0 if left else 0.0)
            except SafeholdError as error:
                self._failed = str(error)
                return
            else:
                return

    def require_sound(self) -> None:
        """Say how it ended, and leave a mark on a damaged file; the catalog is closed.

        Raises:
            CatalogCorrupt: it was found damaged, removed or replaced.

        """
        catalog, path = self.core.catalog, self.core.catalog.path
        if not catalog.damaged and self._kept is None:
            return
        if catalog.displaced or self._kept is not None:
            raise self._displaced(path)
        damaged_mark(path).touch()
        raise CatalogCorrupt(
            f"The catalog {path} was found damaged.",
            hint="It is rebuilt when the bot is started again. Look at the disk.",
        )

    def _displaced(self, path: Path) -> CatalogCorrupt:
        if self._kept == path.resolve():
            what, hint = "removed", "What it held was put back: start the bot again. Find out what removed it."
        elif self._kept is not None:
            what = "replaced"
            hint = f"What it held is kept as {self._kept}. Started again, the bot goes on with what lies there now."
        elif self._failed:
            what = "removed or replaced"
            hint = (
                f"What it held could not be kept: {self._failed} The next start uses what lies there, or rebuilds it."
            )
        else:
            what, hint = "removed", "It is in its place again: start the bot again. Find out what removed it."
        return CatalogCorrupt(f"The catalog {path} was {what} while it was used.", hint=hint)
