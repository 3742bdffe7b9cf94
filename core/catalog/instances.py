"""Instances: what restores made, and what has become of it."""

from core.catalog.columns import FAILURE, FLAG, JSON, MOMENT, PERSON, PLAIN, STEP, WORDS, Table, choice, optional
from core.catalog.file import CatalogFile
from core.catalog.ledger import Ledger
from core.catalog.schema import CURRENT_INSTANCES
from core.model.instance import Instance, InstanceState
from core.model.progress import Step

AT_WORK = frozenset({InstanceState.PROVISIONING, InstanceState.DESTROYING})

TABLE = Table(
    "instances",
    "name",
    Instance,
    {
        "name": PLAIN,
        "restore_id": PLAIN,
        "backup_id": PLAIN,
        "source": PLAIN,
        "engine": PLAIN,
        "provisioner": PLAIN,
        "state": choice(InstanceState),
        "owner": PERSON,
        "created_at": MOMENT,
        "lease_ends_at": MOMENT,
        "endpoint": PLAIN,
        "ready_at": optional(MOMENT),
        "seconds": PLAIN,
        "fingerprint": PLAIN,
        "fingerprint_equal": optional(FLAG),
        "counts": JSON,
        "checked": WORDS,
        "step": optional(STEP),
        "failure": optional(FAILURE),
        "revision": PLAIN,
    },
)


class Instances(Ledger[Instance]):
    """Every instance ever provisioned."""

    noun = "instance"
    shown_at = "created_at"

    def __init__(self, file: CatalogFile) -> None:
        super().__init__(file, TABLE)

    def taken(self, name: str) -> bool:
        """Say whether an instance of that name was ever recorded."""
        with self._file.read() as db:
            return self._row(db, name) is not None

    def report(self, name: str, step: Step) -> None:
        """Show how far the making or destroying of an instance is; in any other state it stays as it is."""
        self._report(name, AT_WORK, step)

    def current(self) -> tuple[Instance, ...]:
        """Return every instance that was not destroyed and did not fail, the newest first."""
        return self._select(f"where {CURRENT_INSTANCES} order by created_at desc, name desc")

    def recent(self, limit: int = 5) -> tuple[Instance, ...]:
        """Return the newest instances in any state."""
        return self._select("order by created_at desc, name desc limit ?", (limit,))
