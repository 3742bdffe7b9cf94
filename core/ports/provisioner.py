"""Where restored instances run."""

from typing import Protocol

from core.model.instance import InstanceState
from core.model.manifest import Manifest
from core.model.place import Launch, Needs, Place


class Provisioner(Protocol):
    """Where restored instances run. Everything it makes is named by the instance and found again by that name."""

    @property
    def name(self) -> str:
        """Return the name in the configuration and the catalog."""

    @property
    def where(self) -> str:
        """Return the place in words ("this host, a free port, loopback only")."""

    def room(self) -> Needs:
        """Return the disk and memory that are free for a new instance.

        Raises:
            ProvisionerFailed: the place can't be looked at.

        """

    def reserve(self, name: str, *, port: bool) -> Place:
        """Make the instance's directory, new and empty, and choose a free port if one is wanted.

        Raises:
            Stale: something of that name is already there.
            PortInUse, NotEnoughSpace, ProvisionerFailed.

        """

    def start(self, place: Place, launch: Launch | None, manifest: Manifest) -> str:
        """Start the instance so that it outlives this process. Returns its endpoint, "" where the engine's holds.

        Raises:
            PortInUse: another program has taken its port; `move` gives it another.
            ProvisionerFailed.

        """

    def move(self, name: str) -> Place:
        """Take back what was started for an instance, but none of its files, and choose another port for it.

        Raises:
            Stale: it was destroyed meanwhile.
            PortInUse: there is no other.
            ProvisionerFailed: something that was started is left.

        """

    def status(self, name: str) -> InstanceState:
        """Say READY (its process runs, or its files stand), STOPPED or DESTROYED (nothing there), by looking."""

    def place(self, name: str) -> Place | None:
        """Find an existing instance's place again, None where there is none."""

    def destroy(self, name: str) -> None:
        """Stop the instance and remove everything made for it. Idempotent; only ever what it made itself.

        Raises:
            ProvisionerFailed: something is left; it can be called again.

        """

    def log(self, name: str) -> str:
        """Return the last lines of what the instance printed, at most 64 KiB, "" where there is none."""

    def names(self) -> tuple[str, ...]:
        """Return the instances that exist here, of which some may be unknown to the catalog."""
