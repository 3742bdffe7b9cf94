"""What the message of a running backup says: what is safe by then, and what is still being done."""

from bot.blocks import backup as backups
from core.model.backup import BackupState, Proof
from core.model.progress import Step, Unit
from tests.bot.people import words
from tests.catalog import samples


def test_a_backup_that_is_only_being_proven_is_said_to_be_stored() -> None:
    """Proving may take long where the machine is busy: who waits is told that the bytes are safe, and since when."""
    running = samples.backup(state=BackupState.RUNNING, started_at=samples.NOON, step=Step("storing", 1, 2, Unit.BYTES))
    assert "initiated by" in words(backups.message(running, None)[0])
    proving = samples.good(state=BackupState.RUNNING, proof=Proof.VERIFIED, step=Step("opening"))
    text = words(backups.message(proving, None)[0])
    assert "is stored and verified" in text
    assert "Being proven since" in text
    assert "opening" in text
    assert "stored and verified, being proven: opening" in backups.row(proving)
    assert "verified" not in backups.row(running)
    assert "being checked again: reading" in backups.row(samples.good(step=Step("reading")))
