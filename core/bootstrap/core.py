"""Core as a door has it: every use case, and what runs beside them while it is open."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from core.catalog import Catalog
from core.config import Config
from core.errors import SafeholdError
from core.model.backup import Backup, Page
from core.model.person import Person
from core.ports import Clock
from core.runtime.heartbeat import Heartbeat
from core.runtime.identity import ProcessIdentity
from core.runtime.runner import ThreadRunner
from core.services.access import Access, Verb
from core.services.adapters import Adapters
from core.services.browse import Browse, Changes, Dashboard
from core.services.cancel_run import CancelRun
from core.services.check_up import CheckUp
from core.services.copy_catalog import CopyCatalog
from core.services.create_backup import CreateBackup
from core.services.decide_restore import DecideRestore
from core.services.download_backup import OfferDownload, OpenDownload
from core.services.duties import Duties
from core.services.failures import FailureLog
from core.services.instances import DestroyInstance, ExtendInstance
from core.services.lead import Lead
from core.services.note_clock import NoteClock
from core.services.plan_restore import PlanRestore
from core.services.put_catalog_back import PutCatalogBack
from core.services.reconcile import Reconcile
from core.services.request_restore import RequestRestore
from core.services.save_manifests import SaveManifests
from core.services.sweep_vaults import SweepVaults
from core.services.timekeeping import Timekeeping
from core.services.verify_backup import VerifyBackup
from core.services.watch_runs import WatchRuns


@dataclass(frozen=True, slots=True)
class Core:
    """Everything a door may ask for. Use as a context manager: entering settles, leaving ends what still runs."""

    config: Config
    clock: Clock
    catalog: Catalog
    adapters: Adapters
    access: Access
    runner: ThreadRunner
    identity: ProcessIdentity
    role: str
    lead: Lead
    duties: Duties
    note_clock: NoteClock
    heartbeat: Heartbeat
    failures: FailureLog
    browse: Browse
    create_backup: CreateBackup
    cancel_run: CancelRun
    verify_backup: VerifyBackup
    offer_download: OfferDownload
    open_download: OpenDownload
    plan_restore: PlanRestore
    request_restore: RequestRestore
    decide_restore: DecideRestore
    extend_instance: ExtendInstance
    destroy_instance: DestroyInstance
    check_up: CheckUp
    reconciler: Reconcile
    watch_runs: WatchRuns
    time: Timekeeping
    save_manifests: SaveManifests
    copy_catalog: CopyCatalog
    sweep_vaults: SweepVaults

    @property
    def owner(self) -> str:
        """Return what this process is called in records of runs."""
        return self.identity.owner

    @property
    def list_backups(self) -> Callable[..., Page]:
        """Return `Browse.page`."""
        return self.browse.page

    @property
    def find_backup(self) -> Callable[..., Backup]:
        """Return `Browse.backup`."""
        return self.browse.backup

    def dashboard(self, person: Person) -> Dashboard:
        """Return what stands on a person's App Home."""
        return self.browse.dashboard(person)

    def changes(self, since: int) -> Changes:
        """Return what changed after a revision, in any process."""
        return self.browse.changes(since)

    def may(self, person: Person, verb: Verb) -> bool:
        """Say whether a person has a right."""
        return self.access.may(person, verb)

    def approvers(self) -> tuple[str, ...]:
        """Return the configured approvers, for display."""
        return self.access.allowed(Verb.APPROVE)

    def reconcile(self) -> None:
        """Settle what dead processes left and what time has overtaken; a bot also takes over orphaned work."""
        self.watch_runs()
        self.reconciler(take_over=self.role == "bot")

    def start(self) -> None:
        """Make this process known, begin its heartbeat, and settle."""
        be_heard_of(self.catalog, self.identity, self.role, self.clock)
        self.heartbeat.start()
        self.reconcile()

    def put_catalog_back(self) -> Path | None:
        """Keep what the catalog held where it was removed or replaced, before it is closed; see `PutCatalogBack`."""
        return PutCatalogBack(self.catalog, self.clock)()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Ask what runs here to stop and clean up, wait for it, and take this process off the record."""
        ended = self.runner.shutdown(timeout_seconds)
        self.heartbeat.close()
        # A catalog that is gone or damaged must not keep what was opened open.
        with closing(self.catalog), suppress(SafeholdError):
            if ended:
                # What still runs is not taken for dead by others as long as this process lives.
                self.catalog.processes.forget(self.owner)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def be_heard_of(catalog: Catalog, me: ProcessIdentity, role: str, clock: Clock) -> None:
    """Be heard of; a process that was taken for dead (it slept, say) makes itself known again."""
    now = clock.now()
    if not catalog.processes.beat(me.owner, now):
        catalog.processes.register(me.owner, me.host, me.pid, me.created, role, now)
