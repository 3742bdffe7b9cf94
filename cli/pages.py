"""A whole record in words: names and values, in the order in which a person asks for them."""

from datetime import datetime

from cli import words
from core.model.backup import Backup, Failure
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.instance import Instance
from core.model.place import Needs
from core.model.plan import RestorePlan
from core.model.restore import Restore
from core.model.verdict import Verdict
from core.services.retention import deleted_from

Facts = list[tuple[str, str]]


def backup(record: Backup, verdict: Verdict, grace_seconds: float) -> Facts:
    """Return what there is to know about a backup."""
    ratio = f" ({record.raw_size / record.size:.1f}x)" if record.size else ""
    took = ", ".join(f"{part} {words.duration(seconds)}" for part, seconds in record.parts)
    return [
        ("Id", record.id),
        ("Source", f"{record.source} ({record.engine})"),
        ("State", words.state(record)),
        ("Tiers", words.tiers(record)),
        ("Asked", f"{words.moment(record.requested_at)} by {record.requested_by.name}"),
        ("Note", record.note),
        ("Due", words.moment(record.due_at) if record.due_at else ""),
        ("Taken", words.moment(record.started_at)),
        ("Size", f"{words.size(record.size)}{ratio}" if record.size else ""),
        ("Took", took),
        ("Holds", words.counts_by_label(record.counts)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
        ("Verified", words.moment(record.verified_at)),
        ("Proven", words.moment(record.proven_at)),
        ("Fingerprint", record.fingerprint),
        ("Vault", record.vault),
        ("Archive", record.archive_name),
        ("SHA-256", record.archive_sha256),
        ("Warning", record.warning),
        *_failure(record.failure),
        *kept(record, verdict, grace_seconds),
    ]


def kept(record: Backup, verdict: Verdict, grace_seconds: float) -> Facts:
    """Return what retention says of a backup, and who wants it kept."""
    gone_from = deleted_from(record, grace_seconds)
    return [
        ("Held", held(record.hold) if record.hold else ""),
        ("Kept because" if verdict.keep else "Goes because", verdict.says),
        ("Kept until", words.moment(verdict.kept_until) if verdict.kept_until else ""),
        ("Expired", words.moment(record.expired_at) if record.expired_at else ""),
        ("Deleted from", words.moment(gone_from) if gone_from and not record.pruned_at and not verdict.keep else ""),
        ("Pruned", words.moment(record.pruned_at) if record.pruned_at else ""),
    ]


def held(hold: Hold) -> str:
    """Return a hold in words: `until 2026-12-01 23:59 +01:00 by anna: "the audit"`."""
    until = f"until {words.moment(hold.until)}" if hold.until else "without end"
    return f"{until} by {hold.person.name}" + (f': "{hold.reason}"' if hold.reason else "")


def frozen(freeze: Freeze) -> str:
    """Return an incident freeze in words, with the way out of it."""
    why = f': "{freeze.reason}"' if freeze.reason else ""
    return (
        f"FROZEN until {words.moment(freeze.until)} by {freeze.person.name}{why}. "
        "Nothing of any source is let go or deleted. End it sooner: safehold thaw"
    )


def restore(record: Restore) -> Facts:
    """Return what there is to know about a restore, its plan included."""
    decided = [
        (
            "Approved" if decision.approved else "Denied",
            f"{words.moment(decision.decided_at)} by {decision.person.name}"
            + (" with break-glass" if decision.break_glass else "")
            + (f': "{decision.reason}"' if decision.reason else ""),
        )
        for decision in record.decisions
    ]
    return [
        ("Id", record.id),
        ("State", f"{record.state.value}: {words.step(record.step)}" if record.step else record.state.value),
        ("Asked", f"{words.moment(record.requested_at)} by {record.requested_by.name}"),
        ("Reason", record.reason),
        *plan(record.plan),
        ("Waits until", words.moment(record.expires_at) if record.state.value == "waiting" else ""),
        *decided,
        ("Ended", words.moment(record.finished_at) if record.finished_at else ""),
        *_failure(record.failure),
    ]


def plan(planned: RestorePlan, free: Needs | None = None) -> Facts:
    """Return exactly what a restore will do, beside what is `free` for it at the moment."""
    disk, memory = words.size(planned.disk_bytes), words.size(planned.memory_bytes)
    room = (f" ({words.size(free.disk_bytes)} free)", f" ({words.size(free.memory_bytes)} free)") if free else ("", "")
    proven = f", {words.moment(datetime.fromisoformat(planned.proven_at))}" if planned.proven_at else ""
    taken = words.moment(datetime.fromisoformat(planned.taken_at))
    return [
        ("Backup", f"{planned.backup_id} of {planned.source}, {taken}"),
        ("Size", f"{words.size(planned.archive_size)}, {planned.proof}{proven}"),
        ("New instance", planned.instance),
        ("On", f"{planned.where} ({planned.provisioner})"),
        ("Lives for", words.duration(planned.lifetime_seconds)),
        ("Needs", f"{disk} of disk{room[0]}, {memory} of memory{room[1]}"),
        ("Source", f"{planned.source} is not touched"),
        ("Plan", planned.short),
    ]


def instance(record: Instance, now: datetime) -> Facts:
    """Return what there is to know about an instance."""
    lease = f"{words.moment(record.lease_ends_at)}, {words.left(record.lease_ends_at, now)}"
    return [
        ("Name", record.name),
        ("State", f"{record.state.value}: {words.step(record.step)}" if record.step else record.state.value),
        ("Endpoint", record.endpoint),
        ("Owner", record.owner.name),
        ("Lives until", lease),
        ("From", f"backup {record.backup_id} of {record.source}"),
        ("Restore", record.restore_id),
        ("Took", words.duration(record.seconds) if record.seconds else ""),
        ("Holds", words.counts_by_label(record.counts)),
        ("Compared", compared(record)),
        ("Checked", ", ".join(record.checked)),
        *_failure(record.failure),
    ]


def compared(record: Instance) -> str:
    """Say how the data of an instance compare with those of its backup, "" before they were."""
    if record.fingerprint_equal is None:
        return "the backup has no fingerprint to compare with" if record.fingerprint else ""
    short = f"{record.fingerprint[:4]}...{record.fingerprint[-2:]}"
    return f"fingerprint {short} {'equal' if record.fingerprint_equal else 'differs'}"


def _failure(failure: Failure | None) -> Facts:
    if failure is None:
        return []
    while_ = f" while {failure.step}" if failure.step else ""
    return [
        ("Failed", f"{failure.message}{while_ and f' ({while_.strip()})'}"),
        ("Next", failure.hint),
        ("Reference", failure.reference),
    ]
