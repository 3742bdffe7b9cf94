"""What people do with a restored instance: extend its lease, destroy it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.catalog import Catalog
from core.catalog.leases import RUN_SECONDS
from core.errors import NotAllowed, SafeholdError, Stale, UnavailableError
from core.model.instance import Instance, InstanceState
from core.model.person import SYSTEM, Person
from core.ports import Clock, Runner
from core.services.access import Access, Verb
from core.services.adapters import Adapters
from core.services.failures import FailureLog
from core.services.plan_restore import LONGEST_LIFE, checked_lifetime

LIVING = frozenset({InstanceState.READY, InstanceState.STOPPED})
READY = frozenset({InstanceState.READY})
DESTROYING = frozenset({InstanceState.DESTROYING})
EXTENSION_SECONDS = 4 * 3_600


def destroy_run(name: str) -> str:
    """Return the key of the run that destroys this instance."""
    return f"destroy:{name}"


def require_right(access: Access, person: Person, instance: Instance, act: str) -> None:
    """Let the owner of an instance pass, and those who may destroy any.

    Raises:
        NotAllowed: somebody else.

    """
    if person.id == instance.owner.id or access.may(person, Verb.DESTROY):
        return
    hint = "Ask its owner, or your administrator for the right access.destroy."
    access.refuse(person, act, instance.name, NotAllowed(f"{instance.name} is not yours.", hint=hint))


@dataclass(frozen=True, slots=True)
class ExtendInstance:
    """Lengthen the lease of a ready instance."""

    catalog: Catalog
    access: Access
    clock: Clock

    def __call__(
        self, name: str, person: Person, seconds: int | None = None, *, shown: datetime | None = None
    ) -> Instance:
        """Move the end of the lease by so many seconds (four hours unless said); at most thirty days from now.

        `shown` is the end that the person saw, to the second; where it is another by now, nothing is changed. Without
        it everybody's seconds are added, also those of two at once.

        Raises:
            UnknownName, AmbiguousId, NotAllowed, UsageError.
            Stale: it is not ready any more, or its lease has another end than was shown.

        """
        found = self.catalog.instances.find(name)
        require_right(self.access, person, found, "extend")
        added, now = timedelta(seconds=checked_lifetime(seconds or EXTENSION_SECONDS)), self.clock.now()
        with self.catalog.write():
            # Read in the write: what another one has added a moment ago is added to, not overwritten.
            instance = self.catalog.instances.get(found.name)
            _require_shown(instance, shown)
            ends = min(instance.lease_ends_at + added, now + timedelta(seconds=LONGEST_LIFE))
            extended = self.catalog.instances.move(instance.name, READY, lease_ends_at=ends)
            if extended is not None:
                detail = {"until": ends.isoformat()}
                self.catalog.audit.append(now, person, "extend", instance.name, "extended", detail)
        if extended is None:
            raise Stale(f"{instance.name} is {instance.state.value}: it can't be extended.")
        return extended


def _require_shown(instance: Instance, shown: datetime | None) -> None:
    if shown is None or int(shown.timestamp()) == int(instance.lease_ends_at.timestamp()):
        return
    until = f"{instance.lease_ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    raise Stale(
        f"The lease was changed since this was shown: {instance.name} lives until {until}. Nothing was changed.",
        hint=f"To lengthen it further, type /backups extend {instance.name} 4h.",
    )


@dataclass(frozen=True, slots=True)
class DestroyInstance:
    """Stop an instance and remove everything that was made for it."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock
    runner: Runner
    failures: FailureLog
    owner: str

    def __call__(self, name: str, person: Person) -> Instance:
        """Mark the instance and hand its removal to the runner, under `destroy_run(name)`. Twice is once.

        Raises:
            UnknownName, AmbiguousId, NotAllowed.
            Stale: it is gone, or still being provisioned (cancel the restore instead).

        """
        instance = self.catalog.instances.find(name)
        require_right(self.access, person, instance, "destroy")
        return self.begin(instance, person, "asked")

    def begin(self, instance: Instance, person: Person, why: str, *, if_due: bool = False) -> Instance:
        """Destroy without asking for a right: the lease ended, or the right was checked.

        `if_due`: only where its lease has ended by now; somebody may have extended it since it was looked at.

        Raises:
            Stale: it is gone, or still being provisioned.

        """
        now = self.clock.now()
        with self.catalog.write():
            if if_due and now < (extended := self.catalog.instances.get(instance.name)).lease_ends_at:
                return extended
            marked = self.catalog.instances.move(instance.name, LIVING, state=InstanceState.DESTROYING)
            if marked is not None:
                self.catalog.audit.append(now, person, "destroy", instance.name, why, {})
        if marked is None:
            current = self.catalog.instances.get(instance.name)
            if current.state is InstanceState.DESTROYING:
                self.resume(current)
                return current
            raise Stale(f"{instance.name} is {current.state.value}: there is nothing to destroy.")
        self.resume(marked)
        return marked

    def resume(self, instance: Instance) -> None:
        """Hand the removal of an instance that is marked to the runner, also after a restart.

        Nothing is done where it is removed already, by this process or another that lives.
        """
        run = destroy_run(instance.name)
        if not self.runner.wait(run, 0) or not self.claim(instance):
            return
        try:
            self.runner.submit(run, lambda: self._run(instance))
        except UnavailableError:
            self.catalog.leases.release(run, self.owner, run)
            raise

    def claim(self, instance: Instance) -> bool:
        """Take the lease of a removal, so that whoever sees this process die takes it up; may be part of a write."""
        run = destroy_run(instance.name)
        return self.catalog.leases.acquire(run, self.owner, run, self.clock.now(), RUN_SECONDS)

    def _run(self, instance: Instance) -> None:
        try:
            self._remove(instance)
        finally:
            run = destroy_run(instance.name)
            self.catalog.leases.release(run, self.owner, run)

    def _remove(self, instance: Instance) -> None:
        try:
            self.adapters.provisioner(instance.provisioner).destroy(instance.name)
        except SafeholdError as error:
            known = self.catalog.instances.get(instance.name).failure
            if known is not None and known.code == error.code:
                # Tried again every few seconds: one log of it is enough.
                raise
            failure = self.failures.keep(destroy_run(instance.name), "destroying", error, at=self.clock.now())
            self.catalog.instances.move(instance.name, DESTROYING, failure=failure)
            raise
        now = self.clock.now()
        with self.catalog.write():
            gone = self.catalog.instances.move(
                instance.name, DESTROYING, state=InstanceState.DESTROYED, step=None, failure=None
            )
            if gone is not None:
                self.catalog.audit.append(now, SYSTEM, "destroy-ended", instance.name, "destroyed", {})
