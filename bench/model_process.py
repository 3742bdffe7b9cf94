"""One life of a bot in the model: the services that keep time and bytes, wired as they are, on what can be killed."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

from bench.model_clock import SetClock
from bench.model_mortal import Fate, HeldRunner, MortalFile, MortalVault, QuickEngine
from bench.model_rules import POLICIES
from core.catalog import Catalog
from core.catalog.in_use import InUse
from core.config import AccessConfig
from core.model.source import Source
from core.model.verdict import Lock
from core.provisioners.process import ProcessProvisioner
from core.runtime.identity import this_host
from core.services.access import Access, noted_in
from core.services.adapters import Adapters
from core.services.cancel_run import CancelRun
from core.services.create_backup import CreateBackup
from core.services.decide_restore import DecideRestore
from core.services.download_backup import OfferDownload, OpenDownload, Tokens
from core.services.failures import FailureLog
from core.services.initiate_restore import InitiateRestore
from core.services.instances import DestroyInstance
from core.services.manifest_turns import ManifestTurns
from core.services.orphans import Orphans
from core.services.plan_restore import PlanRestore
from core.services.prove_backup import ProveBackup
from core.services.reconcile import Reconcile
from core.services.request_restore import RequestRestore
from core.services.run_restore import RunRestore
from core.services.save_manifests import SaveManifests
from core.services.take_backup import TakeBackup
from core.services.timekeeping import Ground, Timekeeping, keep_time
from core.services.verify_backup import VerifyBackup
from tests.support.world import FixedGroups

ANYBODY = ("everyone",)
ACCESS = AccessConfig(
    backup=ANYBODY, download=ANYBODY, restore=ANYBODY, approve=ANYBODY, destroy=ANYBODY, retain=ANYBODY
)
GRACE_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Outside:
    """What outlives a process: files, the clock, the sources and their schedules as they are configured."""

    root: Path
    clock: SetClock
    sources: MutableMapping[str, Source]
    engine: QuickEngine
    vault: MortalVault
    locks: frozenset[Lock]

    @property
    def catalog(self) -> Path:
        """Return the catalog's path."""
        return self.root / "catalog.db"


@dataclass(frozen=True, slots=True)
class Process:
    """A bot from its start to its end."""

    owner: str
    fate: Fate
    file: MortalFile
    catalog: Catalog
    runner: HeldRunner
    time: Timekeeping
    create: CreateBackup
    verify: VerifyBackup
    offer: OfferDownload
    open: OpenDownload
    plan: PlanRestore
    request: RequestRestore
    decide: DecideRestore
    cancel: CancelRun
    reconcile: Reconcile
    save: SaveManifests


def begin(outside: Outside, life: int) -> Process:
    """Wire a process that nobody has seen before; `life` counts them."""
    fate = Fate()
    outside.vault.hooks.fate = outside.engine.fate = fate
    file = MortalFile(outside.catalog, fate)
    catalog = Catalog(file, InUse(outside.catalog, alone=False))
    # The first process of this host since its boot: gone, as everybody can see, once another has begun.
    owner = f"{this_host()}:1:{1_000_000 + life}.00"
    clock, runner, root = outside.clock, HeldRunner(), outside.root
    access = Access(ACCESS, FixedGroups(), noted_in(catalog, clock))
    adapters = Adapters(
        outside.sources,
        {"quick": outside.engine},
        {"local": outside.vault},
        {"here": ProcessProvisioner("here", root / "instances")},
    )
    failures, prove = FailureLog(root / "logs"), ProveBackup(root / "scratch")
    create = CreateBackup(
        catalog,
        adapters,
        access,
        clock,
        runner,
        TakeBackup(catalog, adapters, clock, runner, prove, failures),
        owner,
        outside.engine.random.getrandbits,
    )
    turns = ManifestTurns()
    save = SaveManifests(catalog, adapters, failures, turns)
    policies = {name: policy for name, (policy, _) in POLICIES.items()}
    time = keep_time(
        Ground(catalog, adapters, access, clock, runner, owner, save), create, policies, GRACE_SECONDS, outside.locks
    )
    run = RunRestore(catalog, adapters, clock, runner, prove, failures, owner)
    initiate = InitiateRestore(catalog, clock, runner, run)
    destroy = DestroyInstance(catalog, adapters, access, clock, runner, failures, owner)
    orphans = Orphans(catalog, clock, runner, owner)
    tokens = Tokens(b"model")
    return Process(
        owner=owner,
        fate=fate,
        file=file,
        catalog=catalog,
        runner=runner,
        time=time,
        create=create,
        verify=VerifyBackup(catalog, adapters, access, clock, runner, prove, failures, turns, owner),
        offer=OfferDownload(catalog, adapters, access, clock, tokens, 3_600),
        open=OpenDownload(catalog, adapters, clock, tokens, owner),
        plan=PlanRestore(catalog, adapters, access, clock),
        request=RequestRestore(catalog, access, clock, initiate, ACCESS),
        decide=DecideRestore(catalog, access, clock, initiate, failures),
        cancel=CancelRun(catalog, access, clock, runner),
        reconcile=Reconcile(catalog, adapters, clock, runner, prove, failures, initiate, destroy, orphans),
        save=save,
    )
