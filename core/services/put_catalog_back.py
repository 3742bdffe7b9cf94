"""Keep what a catalog held that was removed or replaced while it was used: nobody else can any more."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.catalog import Catalog
from core.catalog.place import Lies
from core.errors import UnavailableError
from core.model import naming
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM
from core.ports import Clock

ACT = "catalog-put-back"


@dataclass(frozen=True, slots=True)
class PutCatalogBack:
    """Put back what a removed catalog held; where another file lies, set it aside: that one is somebody's wish."""

    catalog: Catalog
    clock: Clock

    def __call__(self) -> Path | None:
        """Do it and return where it is now; None where the catalog lies where it did.

        Raises:
            BusyError, UnavailableError, NotEnoughSpace: it can't be done now.
            CatalogCorrupt: what it held is damaged.

        """
        lies, now = self.catalog.lies(), self.clock.now()
        if lies is Lies.HERE:
            return None
        try:
            return self.catalog.put_back(naming.stamp(now), lambda new: self._finish(new, lies, now))
        except OSError as error:
            raise UnavailableError(f"It can't be written: {error.strerror or error}.") from error

    def _finish(self, new: Path, lies: Lies, now: datetime) -> None:
        path = self.catalog.path
        with Catalog.open(new) as written:
            written.check()
            if lies is Lies.GONE:
                with written.write():
                    written.audit.append(now, SYSTEM, ACT, path.name, "put back", {})
                    fields = {"what": "put back", "path": str(path)}
                    written.notices.tell(Notice(NoticeKind.CATALOG, "", now.isoformat(), now, fields))
            written.close_whole()
