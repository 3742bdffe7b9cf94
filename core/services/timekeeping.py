"""What has to do with time, put together: schedules, retention, what people order about them, and the duties."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.catalog import Catalog
from core.model.policy import Policy
from core.model.verdict import EVERY_LOCK, Lock
from core.ports import Clock, Runner
from core.services.access import Access
from core.services.adapters import Adapters
from core.services.create_backup import CreateBackup
from core.services.duties import Duty
from core.services.expire import Expire
from core.services.find_missing import FindMissing
from core.services.freeze_retention import FreezeRetention, ThawRetention
from core.services.hold_back import AllowExpiry
from core.services.hold_backup import KeepBackup, ReleaseBackup
from core.services.judge_age import JudgeAge
from core.services.let_go_for import LetGoFor
from core.services.prune import Prune
from core.services.retention import Retention
from core.services.save_manifests import SaveManifests
from core.services.schedules import Schedules
from core.services.wake_schedules import WakeSchedules

WAKE, WAKE_SECONDS = "wake schedules", 10.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What all of it works on."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock
    runner: Runner
    owner: str
    save: SaveManifests


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """Everything a door may ask for. `duties` are done by themselves, in this order at a start."""

    schedules: Schedules
    retention: Retention
    keep_backup: KeepBackup
    release_backup: ReleaseBackup
    freeze_retention: FreezeRetention
    thaw_retention: ThawRetention
    allow_expiry: AllowExpiry
    let_go_for: LetGoFor
    expire: Expire
    prune: Prune
    duties: tuple[Duty, ...]


def keep_time(
    ground: Ground,
    create: CreateBackup,
    policies: Mapping[str, Policy],
    grace_seconds: float,
    locks: frozenset[Lock] = EVERY_LOCK,
    *,
    told: bool = False,
) -> Timekeeping:
    """Put it together. `grace_seconds`: how long the bytes of a backup stay after it was let go; `locks` are all.

    `told`: there is an evening post, and nothing is deleted that it has not named.
    """
    catalog, adapters, access, clock = ground.catalog, ground.adapters, ground.access, ground.clock
    schedules = Schedules(catalog, adapters, access, clock)
    find_missing = FindMissing(catalog, adapters, clock)
    retention = Retention(catalog, adapters, policies, schedules, find_missing, clock, grace_seconds, locks)
    expire = Expire(catalog, adapters, retention)
    prune = Prune(catalog, adapters, retention, clock, ground.runner, ground.owner)
    return Timekeeping(
        schedules=schedules,
        retention=retention,
        keep_backup=KeepBackup(catalog, access, clock, ground.save),
        release_backup=ReleaseBackup(catalog, access, clock, ground.save),
        freeze_retention=FreezeRetention(catalog, access, clock),
        thaw_retention=ThawRetention(catalog, access, clock),
        allow_expiry=AllowExpiry(catalog, adapters, access, clock),
        let_go_for=LetGoFor(retention),
        expire=expire,
        prune=prune,
        duties=(
            schedules_duty(WakeSchedules(catalog, adapters, schedules, create)),
            Duty("judge ages", 30, JudgeAge(catalog, adapters)),
            Duty("expire", 60, expire),
            Duty("prune", 60, prune.when_told if told else prune),
        ),
    )


def schedules_duty(wake: WakeSchedules) -> Duty:
    """Return the duty that wakes schedules, and forgets what it knew of them where another bot leads."""
    return Duty(WAKE, WAKE_SECONDS, wake, wake.stand_by)
