"""How core is put together: the only place that knows all adapters."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import platformdirs

from core.bootstrap.core import Core, be_heard_of
from core.catalog import Catalog
from core.config import Config, read_config
from core.engines import janusgraph_berkeleyje, sqlite
from core.errors import UsageError
from core.model.options import Shapes
from core.ports import Clock, Engine, Groups, Provisioner, Vault
from core.provisioners import command, process
from core.runtime.clock import SystemClock
from core.runtime.heartbeat import Heartbeat
from core.runtime.identity import ProcessIdentity
from core.runtime.kept_secret import kept_secret
from core.runtime.runner import ThreadRunner
from core.services.access import Access, noted_in
from core.services.adapters import Adapters
from core.services.browse import Browse
from core.services.cancel_run import CancelRun
from core.services.check_up import CheckUp
from core.services.copy_catalog import CopyCatalog
from core.services.create_backup import CreateBackup
from core.services.decide_restore import DecideRestore
from core.services.download_backup import OfferDownload, OpenDownload, Tokens
from core.services.duties import Duties, Duty
from core.services.end_runs import EndRuns
from core.services.failures import FailureLog
from core.services.initiate_restore import InitiateRestore
from core.services.instances import DestroyInstance, ExtendInstance
from core.services.lead import Lead
from core.services.manifest_turns import ManifestTurns
from core.services.note_clock import NoteClock
from core.services.orphans import Orphans
from core.services.plan_restore import PlanRestore
from core.services.prove_backup import ProveBackup
from core.services.rebuild_catalog import RebuildCatalog
from core.services.reconcile import Reconcile
from core.services.request_restore import RequestRestore
from core.services.run_restore import RunRestore
from core.services.save_manifests import SaveManifests
from core.services.sweep_vaults import SweepVaults
from core.services.take_backup import TakeBackup
from core.services.telling import ping, tell_by_itself
from core.services.thin_catalog import ThinCatalog
from core.services.timekeeping import WAKE, Ground, keep_time
from core.services.verify_backup import VerifyBackup
from core.services.watch_runs import WatchRuns
from core.vaults import directory

SHAPES = Shapes(
    engines={"janusgraph-berkeleyje": janusgraph_berkeleyje.OPTIONS, "sqlite": sqlite.OPTIONS},
    vaults={"directory": directory.OPTIONS},
    provisioners={"process": process.OPTIONS, "command": command.OPTIONS},
)
SECONDS_BETWEEN_BEATS = 5.0
MOST_SECONDS_ASLEEP = 300.0
"""Schedules that were not woken for so long are not kept, whatever else works."""
CONFIG_NAME = "safehold.toml"


def find_config(path: Path | None) -> Path:
    """Return the configuration's path: the one given, else safehold.toml here, else in the user's config folder.

    Raises:
        UsageError: there is none.

    """
    if path is not None:
        return path
    places = (Path.cwd() / CONFIG_NAME, Path(platformdirs.user_config_dir("safehold")) / CONFIG_NAME)
    for place in places:
        if place.is_file():
            return place
    looked = " nor ".join(str(place) for place in places)
    raise UsageError(
        f"There is no configuration: neither {looked} exists.", hint="Write one, or name it with --config PATH."
    )


def load_config(path: Path | None = None) -> Config:
    """Read the configuration.

    Raises:
        UsageError: there is none.
        ConfigInvalid: it has faults; all of them are said.

    """
    return read_config(find_config(path), SHAPES)


def build_core(
    config: Config,
    *,
    role: str,
    groups: Groups,
    clock: Clock | None = None,
    secret: bytes | None = None,
    heartbeat_url: str = "",
) -> Core:
    """Wire everything a door needs. Starts nothing and settles nothing: that is `Core.start`.

    `role` is "bot" or "command-line". `secret` signs download links; without one a secret of this installation is
    made once and kept in the state folder. `heartbeat_url`, a secret too, is asked as long as a bot does its work.

    Raises:
        CatalogCorrupt, UnsupportedVersion: the catalog can't be used.

    """
    clock = clock or SystemClock()
    catalog = Catalog.open(config.catalog_path)
    identity, runner, runs = ProcessIdentity.current(), ThreadRunner(config.runner_threads), config.runs
    owner = identity.owner
    adapters = build_adapters(config, clock)
    access = Access(config.access, groups, noted_in(catalog, clock))
    failures, prove = FailureLog(config.state_directory / "logs"), ProveBackup(config.state_directory / "scratch")
    tokens = Tokens(secret or kept_secret(config.state_directory))
    take = TakeBackup(catalog, adapters, clock, runner, prove, failures)
    run = RunRestore(catalog, adapters, clock, runner, prove, failures, owner)
    initiate = InitiateRestore(catalog, clock, runner, run)
    orphans = Orphans(catalog, clock, runner, owner)
    lead = Lead(catalog, owner, clock)
    create = CreateBackup(catalog, adapters, access, clock, runner, take, owner)
    turns, ends = ManifestTurns(), EndRuns(catalog, clock, failures, owner)
    save = SaveManifests(catalog, adapters, failures, turns)
    ground = Ground(catalog, adapters, access, clock, runner, owner, save)
    time = keep_time(ground, create, config.policies, config.grace_seconds, told=config.notices.evening is not None)
    destroy = DestroyInstance(catalog, adapters, access, clock, runner, failures, owner)
    copy = CopyCatalog(catalog, adapters, clock, runner, config.state_directory / "catalog-copy")
    sweep = SweepVaults(catalog, adapters, clock, runner, config.sweep_after_seconds)
    told = tell_by_itself(time.retention, time.schedules, config.notices, config.zone)
    pings = ping(time.retention, config.notices, heartbeat_url, lambda: duties.passed(WAKE, MOST_SECONDS_ASLEEP))
    upkeep = (
        Duty("save manifests", 30, save),
        Duty("copy the catalog", 60, copy),
        Duty("sweep vaults", 600, sweep),
        Duty("thin the catalog", 600, ThinCatalog(catalog)),
    )
    duties = Duties((*time.duties, *upkeep, *told, *pings), lead, clock)
    return Core(
        config=config,
        clock=clock,
        catalog=catalog,
        adapters=adapters,
        access=access,
        runner=runner,
        identity=identity,
        role=role,
        lead=lead,
        duties=duties,
        note_clock=NoteClock(catalog, clock),
        heartbeat=Heartbeat(lambda: be_heard_of(catalog, identity, role, clock), SECONDS_BETWEEN_BEATS),
        failures=failures,
        browse=Browse(catalog, adapters, access, clock),
        create_backup=create,
        cancel_run=CancelRun(catalog, access, clock, runner),
        verify_backup=VerifyBackup(catalog, adapters, access, clock, runner, prove, failures, turns, owner),
        offer_download=OfferDownload(catalog, adapters, access, clock, tokens, config.web.link_seconds),
        open_download=OpenDownload(catalog, adapters, clock, tokens, owner),
        plan_restore=PlanRestore(catalog, adapters, access, clock),
        request_restore=RequestRestore(catalog, access, clock, initiate, config.access),
        decide_restore=DecideRestore(catalog, access, clock, initiate, failures),
        extend_instance=ExtendInstance(catalog, access, clock),
        destroy_instance=destroy,
        check_up=CheckUp(catalog, adapters, time.schedules, config.state_directory),
        reconciler=Reconcile(catalog, adapters, clock, runner, prove, failures, initiate, destroy, orphans),
        time=time,
        watch_runs=WatchRuns(catalog, clock, runner, ends, owner, runs.stalled_seconds, runs.longest_seconds),
        save_manifests=save,
        copy_catalog=copy,
        sweep_vaults=sweep,
    )


def build_rebuild(config: Config, clock: Clock | None = None) -> RebuildCatalog:
    """Wire what rebuilds the catalog, which need not be readable."""
    clock = clock or SystemClock()
    grace = timedelta(seconds=config.grace_seconds)
    return RebuildCatalog(build_adapters(config, clock), clock, config.catalog_path, grace)


def build_adapters(config: Config, clock: Clock) -> Adapters:
    """Make every configured engine, vault and provisioner."""
    scratch, cache = config.state_directory / "scratch", Path(platformdirs.user_cache_dir("safehold"))
    engines: tuple[Engine, ...] = (
        janusgraph_berkeleyje.JanusGraphBerkeleyJE(scratch, clock, cache),
        sqlite.SQLite(config.state_directory, clock),
    )
    vaults: dict[str, Vault] = {
        name: directory.DirectoryVault(name, known=config.state_directory / "vaults" / f"{name}.json", **vault.options)
        for name, vault in config.vaults.items()
    }
    kinds: dict[str, Callable[..., Provisioner]] = {
        "process": process.ProcessProvisioner,
        "command": command.CommandProvisioner,
    }
    provisioners = {name: kinds[made.type](name, **made.options) for name, made in config.provisioners.items()}
    return Adapters(config.sources, {engine.name: engine for engine in engines}, vaults, provisioners)
