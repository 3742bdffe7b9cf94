"""Look: lists, one backup, the dashboard, and what changed since a revision. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.catalog import Catalog
from core.model.backup import Backup, Page
from core.model.instance import Instance
from core.model.notice import Notice
from core.model.person import Person
from core.model.restore import Restore
from core.model.source import Source
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.adapters import Adapters

LATELY = 5
MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source stands. `overdue`: its newest good backup is older than its goal, or there is none."""

    source: Source
    title: str
    newest_good: Backup | None
    newest: Backup | None
    count: int
    size_bytes: int
    overdue: bool


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that stands on the App Home. `waiting` holds first what its reader may decide on, if they may."""

    sources: tuple[SourceStatus, ...]
    instances: tuple[Instance, ...]
    waiting: tuple[Restore, ...]
    lately: tuple[Backup | Restore | Instance, ...]
    decides: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed after a revision, in any process. `revision` is where to go on from."""

    revision: int
    backups: tuple[Backup, ...]
    restores: tuple[Restore, ...]
    instances: tuple[Instance, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Browse:
    """Answers every question about what there is."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock

    def page(
        self, source: str | None, *, older_than: str = "", newer_than: str = "", first: int = 1, size: int = 10
    ) -> Page:
        """Return one page of the backups of a source, or of all.

        Raises:
            UnknownName: the source.

        """
        if source is not None:
            self.adapters.source(source)
        return self.catalog.backups.page(source, older_than=older_than, newer_than=newer_than, first=first, size=size)

    def backup(self, reference: str, source: str | None = None) -> Backup:
        """Return a backup by its id or any unique beginning of it.

        Raises:
            UnknownName, AmbiguousId.

        """
        return self.catalog.backups.find(reference, source)

    def status(self, name: str) -> SourceStatus:
        """Return how one source stands.

        Raises:
            UnknownName: the source.

        """
        source = self.adapters.source(name)
        count, size = self.catalog.backups.totals(name)
        return SourceStatus(
            source=source,
            title=self.adapters.engine(source.engine).title,
            newest_good=self.catalog.backups.newest_good(name),
            newest=self.catalog.backups.newest(name),
            count=count,
            size_bytes=size,
            overdue=self._overdue(source),
        )

    def dashboard(self, person: Person, *, most: int = 20) -> Dashboard:
        """Return what the person sees: at most so many sources, those in trouble first."""
        # One look-up a source tells who is in trouble; the rest is asked for those that are shown.
        troubled = {source.name for source in self.adapters.sources.values() if self._overdue(source)}
        shown = sorted(self.adapters.sources, key=lambda name: (name not in troubled, name))[:most]
        waiting = self.catalog.restores.waiting()
        may_decide = bool(waiting) and self.access.may(person, Verb.APPROVE)
        mine = [r for r in waiting if may_decide and r.requested_by.id != person.id]
        others = [r for r in waiting if r not in mine]
        return Dashboard(
            sources=tuple(self.status(name) for name in shown),
            instances=tuple(self.catalog.instances.current()),
            waiting=(*mine, *others),
            lately=self._lately(),
            decides=may_decide,
        )

    def changes(self, since: int) -> Changes:
        """Return what changed after a revision; cheap where nothing did."""
        revision = self.catalog.revision()
        if revision <= since:
            return Changes(since, (), (), ())
        backups = tuple(self.catalog.backups.changed_since(since, MOST_CHANGES))
        restores = tuple(self.catalog.restores.changed_since(since, MOST_CHANGES))
        instances = tuple(self.catalog.instances.changed_since(since, MOST_CHANGES))
        notices = self.catalog.notices.changed_since(since, MOST_CHANGES)
        # Where a list was cut, go on from its end; what was then seen twice is drawn twice, nothing is skipped.
        lists = (backups, restores, instances, notices)
        ends = [records[-1].revision for records in lists if len(records) >= MOST_CHANGES]
        return Changes(min([revision, *ends]), backups, restores, instances, notices)

    def _lately(self) -> tuple[Backup | Restore | Instance, ...]:
        dated: list[tuple[datetime, Backup | Restore | Instance]] = [
            (backup.finished_at or backup.requested_at, backup)
            for backup in self.catalog.backups.recent_failures(LATELY)
        ]
        dated += [(instance.created_at, instance) for instance in self.catalog.instances.recent(LATELY)]
        dated.sort(key=lambda pair: pair[0], reverse=True)
        return tuple(record for _, record in dated[:LATELY])

    def _overdue(self, source: Source) -> bool:
        newest_good = self.catalog.backups.newest_good(source.name)
        if newest_good is None:
            return True
        taken_at = newest_good.started_at or newest_good.requested_at
        return self.clock.now() - taken_at > timedelta(seconds=source.goal_seconds)
