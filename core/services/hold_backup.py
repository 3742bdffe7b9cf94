"""Keep and release: a person's order that a backup stays, whatever the policy says."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.catalog import Catalog
from core.errors import NotAllowed, NotRestorable, Stale, UsageError
from core.model.backup import Backup, BackupState
from core.model.hold import Hold
from core.model.notice import Notice, NoticeKind
from core.model.person import Person, person_fields
from core.model.until_typed import require_to_come
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.expire import keep_after_all
from core.services.save_manifests import SaveManifests
from core.services.text import checked_text
from core.services.verify_backup import KEPT

LONGEST = timedelta(days=3653)
MAY_EXTEND = "One of yours that ends no sooner may take its place."


class HeldByAnother(NotAllowed):
    """A hold of somebody else would be shortened or released by who has no right to that."""

    def __init__(self, hold: Hold) -> None:
        """Say it with whose hold it is."""
        until = f"until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else "without end"
        super().__init__(f"You may not shorten or release the hold of {hold.person.said}, {until}.", hint=MAY_EXTEND)
        self.hold = hold


@dataclass(frozen=True, slots=True)
class KeepBackup:
    """Place a hold, or another in its stead. One that was let go and still has its bytes is saved by it."""

    catalog: Catalog
    access: Access
    clock: Clock
    save: SaveManifests

    def __call__(self, reference: str, person: Person, reason: str = "", until: datetime | None = None) -> Backup:
        """Hold a backup until a time, or until somebody releases it; return its record.

        It holds from now on, and the manifest in the vault says so, too; `unsaved` where that has to wait.

        Raises:
            UnknownName, AmbiguousId, NotAllowed.
            HeldByAnother: it would end sooner than a hold of somebody else.
            UsageError: the time is past or too far away, or the reason can't be shown.
            NotRestorable: nothing of it is stored, or it is being deleted.

        """
        self.access.require(person, Verb.KEEP, reference)
        now, checked = self.clock.now(), checked_text(reason, "reason")
        require_ahead(until, now)
        until = until.astimezone(UTC) if until else None
        found, hold = self.catalog.backups.find(reference), Hold(person, checked, now, until)
        # Asked before the write: Slack may take its time to say who is in a group, and everybody would wait.
        if found.hold is not None and _shortens(found.hold, hold, now) and not self.access.may(person, Verb.RETAIN):
            self.access.refuse(person, "keep", found.id, HeldByAnother(found.hold))
        with self.catalog.write():
            backup = self.catalog.backups.get(found.id)
            _require_same(backup, found)
            if backup.state is BackupState.EXPIRED:
                kept = keep_after_all(self.catalog, backup, hold=hold, unsaved=True)
            else:
                kept = self.catalog.backups.move(backup.id, KEPT, hold=hold, unsaved=True)
            if kept is None:
                raise NotRestorable(
                    f"Backup {backup.id} is {backup.state.value}: there is nothing to keep.",
                    hint="Choose one that is good.",
                )
            detail = {"reason": checked, "until": _iso(until), **_whose(found, person)}
            self.catalog.audit.append(now, person, "keep", backup.id, "held", detail)
            _tell_holder(self.catalog, found, hold, person, now)
        return _written_through(self.save, kept, now)


@dataclass(frozen=True, slots=True)
class ReleaseBackup:
    """Take a hold away: its own by who placed it, any by those who may."""

    catalog: Catalog
    access: Access
    clock: Clock
    save: SaveManifests

    def __call__(self, reference: str, person: Person) -> Backup:
        """Release a backup; the policy decides from now on. `unsaved` where its manifest has to wait to say so.

        Raises:
            UnknownName, AmbiguousId, NotAllowed, HeldByAnother.
            Stale: nobody holds it.

        """
        found, now = self.catalog.backups.find(reference), self.clock.now()
        if found.hold is None or found.state not in KEPT:
            raise Stale(f"Nobody holds {found.id}.", hint="Nothing was changed.")
        if found.hold.person.id == person.id or not self.access.may(person, Verb.RETAIN):
            self.access.require(person, Verb.KEEP, found.id, "release")
            if found.hold.person.id != person.id:
                self.access.refuse(person, "release", found.id, HeldByAnother(found.hold))
        with self.catalog.write():
            backup = self.catalog.backups.get(found.id)
            _require_same(backup, found)
            released = self.catalog.backups.move(backup.id, KEPT, hold=None, unsaved=True)
            self.catalog.audit.append(now, person, "release", backup.id, "released", {"of": found.hold.person.id})
            _tell_holder(self.catalog, found, None, person, now)
        return _written_through(self.save, released or backup, now)


def _whose(found: Backup, person: Person) -> dict[str, str]:
    """Return what the record says of somebody else's hold that this person replaces."""
    return {"of": found.hold.person.id} if found.hold is not None and found.hold.person.id != person.id else {}


def _tell_holder(catalog: Catalog, found: Backup, new: Hold | None, person: Person, now: datetime) -> None:
    """Tell, once the write stands, that somebody else's hold on a backup was released, or replaced by a new one."""
    old = found.hold
    if old is None or not old.is_anothers(person, now):
        return
    fields = {
        "person": person_fields(person),
        "backup_id": found.id,
        "taken_at": found.taken_at.isoformat(),
        "was": _hold_fields(old),
        "now": _hold_fields(new) if new else None,
    }
    catalog.notices.tell(Notice(NoticeKind.HOLD, found.source, f"{found.id} {now.isoformat()}", now, fields))


def _hold_fields(hold: Hold) -> dict[str, object]:
    return {"person": person_fields(hold.person), "reason": hold.reason, "until": _iso(hold.until)}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _require_same(backup: Backup, found: Backup) -> None:
    if backup.hold != found.hold:
        raise Stale(
            f"Somebody else changed the hold on {backup.id} in this moment.", hint="Look again, then ask again."
        )


def _written_through(save: SaveManifests, backup: Backup, now: datetime) -> Backup:
    """Write it into the vault at once and return the record as it is then: one that rebuilds the catalog must know."""
    save.one(backup.id, now)
    return save.catalog.backups.get(backup.id)


def require_ahead(until: datetime | None, now: datetime) -> None:
    """Let a hold pass that ends in the time to come, or never.

    Raises:
        UsageError: its end is past or more than ten years away.

    """
    if until is None:
        return
    require_to_come(until, now, days=30)
    if until - now > LONGEST:
        raise UsageError("A hold with a date lasts ten years at most.", hint="Leave the date out to hold without end.")


def _shortens(old: Hold, new: Hold, now: datetime) -> bool:
    """Say whether a hold in the stead of somebody else's would let the backup go sooner."""
    if not old.is_anothers(new.person, now) or new.until is None:
        return False
    return old.until is None or new.until < old.until
