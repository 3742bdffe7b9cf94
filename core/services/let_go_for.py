"""Says which on-demand backup goes for another one, before it does: whoever took it may want it kept."""

from dataclasses import dataclass, replace

from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.verdict import candidate_of
from core.services.hold_back import HoldBack
from core.services.retention import Retention
from core.services.take_backup import proof_due


@dataclass(frozen=True, slots=True)
class LetGoFor:
    """Asks retention what would be kept but for a backup."""

    retention: Retention
    most: int = 1_000
    """Of a source that stores more, nothing is said in passing: a message is drawn again with each step."""

    def __call__(self, backup: Backup) -> tuple[Backup, ...]:
        """Return the on-demand backups that one lets go once it is good, or has let go, newest first.

        None where a hold, a freeze or the policy keeps them, where most of the source waits for a yes, and where the
        backup ended badly or nobody asked for it.
        """
        retention = self.retention
        asked = Tier.ON_DEMAND in backup.tiers and (backup.state.open or backup.state is BackupState.GOOD)
        if not asked or backup.source not in retention.adapters.sources:
            return ()
        if retention.catalog.retained.stores_more_than(backup.source, self.most):
            return ()
        if HoldBack(retention.catalog).waiting(backup.source):
            return ()
        proven = backup.proof is Proof.PROVEN
        if backup.state.open and not proven:
            proven = proof_due(retention.catalog, retention.adapters.source(backup.source), retention.clock.now())
        newcomer = replace(candidate_of(backup), good=True, open=False, stored=True, proven=proven)
        going = retention.let_go_for(newcomer, backup.source)
        return tuple(one for one in going if Tier.ON_DEMAND in one.tiers)
