"""Plan a restore: everything that would be done, checked as far as it can be before anybody asks for it."""

from dataclasses import dataclass
from datetime import timedelta

from core.catalog import Catalog
from core.errors import NotEnoughSpace, UsageError
from core.model import naming
from core.model.person import Person
from core.model.place import Needs
from core.model.plan import RestorePlan
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.adapters import Adapters
from core.services.download_backup import require_good

SHORTEST_LIFE = 300
LONGEST_LIFE = 30 * 86_400


@dataclass(frozen=True, slots=True)
class PlanRestore:
    """Say exactly what a restore of a backup would do. Changes nothing."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock

    def __call__(
        self, reference: str, person: Person, lifetime_seconds: int | None = None, provisioner: str | None = None
    ) -> RestorePlan:
        """Return the plan.

        Raises:
            UnknownName, AmbiguousId, NotAllowed, UsageError.
            NotRestorable: the backup is not good.
            NotEnoughSpace: the place has too little disk or memory.
            ManifestCorrupt, UnsupportedVersion, VaultUnavailable: the backup can't be read.

        """
        self.access.require(person, Verb.RESTORE, reference)
        backup = self.catalog.backups.find(reference)
        require_good(backup, "restore")
        source = self.adapters.sources.get(backup.source)
        chosen = provisioner or (source.provisioner if source else next(iter(self.adapters.provisioners), ""))
        lifetime = checked_lifetime(lifetime_seconds or (source.lifetime_seconds if source else 14_400))
        place, engine = self.adapters.provisioner(chosen), self.adapters.engine(backup.engine)
        manifest = self.adapters.vault(backup.vault).manifest(backup.source, backup.id)
        needs, room = engine.needs(manifest), place.room()
        _require_room("disk", needs.disk_bytes, room.disk_bytes)
        _require_room("memory", needs.memory_bytes, room.memory_bytes)
        return RestorePlan(
            backup_id=backup.id,
            source=backup.source,
            engine=backup.engine,
            archive_sha256=manifest.archive.sha256,
            archive_size=manifest.archive.size,
            taken_at=(backup.started_at or backup.requested_at).isoformat(),
            proof=backup.proof.value,
            proven_at=backup.proven_at.isoformat() if backup.proven_at else "",
            instance=self._free_name(engine.family),
            provisioner=chosen,
            where=place.where,
            lifetime_seconds=lifetime,
            disk_bytes=needs.disk_bytes,
            memory_bytes=needs.memory_bytes,
        )

    def room(self, plan: RestorePlan) -> Needs:
        """Return what is free now where the plan's instance would run. It is shown beside a plan, and no part of it.

        Raises:
            UnknownName: the provisioner.
            ProvisionerFailed: the place can't be looked at.

        """
        return self.adapters.provisioner(plan.provisioner).room()

    def _free_name(self, family: str) -> str:
        """Return an instance name nobody has: two restores planned in one second get neighbouring ones."""
        moment, planned = self.clock.now(), {restore.plan.instance for restore in self.catalog.restores.open_ones()}
        while (name := naming.instance_name(family, moment)) in planned or self.catalog.instances.taken(name):
            moment += timedelta(seconds=1)
        return name


def checked_lifetime(seconds: int) -> int:
    """Return the lifetime if it is sensible.

    Raises:
        UsageError: shorter than five minutes or longer than thirty days.

    """
    if not SHORTEST_LIFE <= seconds <= LONGEST_LIFE:
        raise UsageError(
            "An instance lives for five minutes at least and thirty days at most.", hint="Say for example 4h or 2d."
        )
    return seconds


def _require_room(what: str, wanted: int, free: int) -> None:
    if free < wanted:
        raise NotEnoughSpace(
            f"The new instance needs about {wanted / 1e6:.0f} MB of {what}, {free / 1e6:.0f} MB are free.",
            hint="Make room there, destroy an instance that is no longer needed, or choose another place.",
        )
