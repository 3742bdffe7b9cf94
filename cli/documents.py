"""The JSON documents that scripts read: records in, plain values out. Keys are an interface: add, never rename."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import SafeholdError
from core.model.backup import Backup, Failure, Page
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.instance import Instance
from core.model.person import Person
from core.model.plan import RestorePlan
from core.model.progress import Step
from core.model.restore import Restore
from core.model.schedule import Due
from core.model.verdict import Reason, Verdict

Document = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    """Return a time in UTC as ISO 8601, to the millisecond: `2026-11-23T02:00:00.000Z`."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error(failed: SafeholdError | Failure) -> Document:
    """Return what went wrong; `reference` finds the log of a run, "" where none was kept."""
    reference = failed.reference if isinstance(failed, Failure) else ""
    return {"code": failed.code, "message": failed.message, "hint": failed.hint, "reference": reference}


def person(who: Person) -> Document:
    """Return who acted and through which door."""
    return {"id": who.id, "name": who.name, "door": who.door.value}


def step(at: Step | None) -> Document | None:
    """Return where a run stands."""
    return None if at is None else {"name": at.name, "done": at.done, "total": at.total, "unit": at.unit.value}


def hold(placed: Hold | None) -> Document | None:
    """Return who wants a backup kept, why, and until when; null where nobody does or it has no end."""
    if placed is None:
        return None
    return {
        "by": person(placed.person),
        "reason": placed.reason,
        "placed_at": moment(placed.placed_at),
        "until": moment(placed.until),
    }


def verdict(answer: Verdict) -> Document:
    """Return what retention says: kept or not, until when, by which locks, and every reason."""
    return {
        "keep": answer.keep,
        "kept_until": moment(answer.kept_until),
        "locked_by": [lock.value for lock in answer.locked_by],
        "reasons": [reason(one) for one in answer.reasons],
    }


def reason(one: Reason) -> Document:
    """Return one reason; `by` is the rule or lock, null where it is neither."""
    return {"by": one.by and one.by.value, "says": one.says, "until": moment(one.until)}


def freeze(placed: Freeze | None) -> Document | None:
    """Return an incident freeze, null where there is none."""
    if placed is None:
        return None
    return {
        "by": person(placed.person),
        "reason": placed.reason,
        "placed_at": moment(placed.placed_at),
        "until": moment(placed.until),
        "lifted_at": moment(placed.lifted_at),
    }


def due(run: Due) -> Document:
    """Return one run of a schedule that is to come."""
    tiers = sorted(tier.value for tier in run.tiers)
    return {"at": moment(run.at), "tiers": tiers, "start_by": moment(run.start_by)}


def backup(record: Backup, answer: Verdict | None = None) -> Document:
    """Return a backup's record: sizes in bytes, timings in seconds; `verdict` is null where it was not asked for."""
    return {
        "id": record.id,
        "source": record.source,
        "engine": record.engine,
        "vault": record.vault,
        "tiers": sorted(tier.value for tier in record.tiers),
        "state": record.state.value,
        "proof": record.proof.value,
        "requested_by": person(record.requested_by),
        "note": record.note,
        "requested_at": moment(record.requested_at),
        "started_at": moment(record.started_at),
        "finished_at": moment(record.finished_at),
        "verified_at": moment(record.verified_at),
        "proven_at": moment(record.proven_at),
        "step": step(record.step),
        "size": record.size,
        "raw_size": record.raw_size,
        "archive_name": record.archive_name,
        "archive_sha256": record.archive_sha256,
        "timings": dict(record.timings),
        "versions": dict(record.versions),
        "counts": {kind: dict(labels) for kind, labels in record.counts.items()},
        "fingerprint": record.fingerprint,
        "failure": record.failure and error(record.failure),
        "warning": record.warning,
        "due_at": moment(record.due_at),
        "hold": hold(record.hold),
        "expired_at": moment(record.expired_at),
        "expiry": record.expiry,
        "pruned_at": moment(record.pruned_at),
        "verdict": answer and verdict(answer),
    }


def page(listed: Page, answers: Mapping[str, Verdict], frozen: Freeze | None) -> Document:
    """Return a page of backups; `older_than` is what to ask the next page with, "" where there is none."""
    return {
        "freeze": freeze(frozen),
        "backups": [backup(record, answers.get(record.id)) for record in listed.backups],
        "first": listed.first,
        "total": listed.total,
        "older_than": listed.older_than,
        "newer_than": listed.newer_than,
    }


def plan(planned: RestorePlan) -> Document:
    """Return exactly what a restore will do, and the hash that an approval is bound to."""
    return {
        "backup": planned.backup_id,
        "source": planned.source,
        "engine": planned.engine,
        "archive_sha256": planned.archive_sha256,
        "archive_size": planned.archive_size,
        "taken_at": _moment_of(planned.taken_at),
        "proof": planned.proof,
        "proven_at": _moment_of(planned.proven_at),
        "instance": planned.instance,
        "provisioner": planned.provisioner,
        "where": planned.where,
        "lifetime_seconds": planned.lifetime_seconds,
        "disk_bytes": planned.disk_bytes,
        "memory_bytes": planned.memory_bytes,
        "hash": planned.digest,
    }


def restore(record: Restore) -> Document:
    """Return a restore's record with its plan and the decisions on it."""
    return {
        "id": record.id,
        "state": record.state.value,
        "plan": plan(record.plan),
        "plan_hash": record.plan_hash,
        "requested_by": person(record.requested_by),
        "reason": record.reason,
        "requested_at": moment(record.requested_at),
        "expires_at": moment(record.expires_at),
        "approvals_needed": record.approvals_needed,
        "decisions": [
            {
                "person": person(decision.person),
                "approved": decision.approved,
                "reason": decision.reason,
                "decided_at": moment(decision.decided_at),
                "break_glass": decision.break_glass,
            }
            for decision in record.decisions
        ],
        "started_at": moment(record.started_at),
        "finished_at": moment(record.finished_at),
        "step": step(record.step),
        "failure": record.failure and error(record.failure),
    }


def instance(record: Instance) -> Document:
    """Return an instance's record; `seconds` is the time from initiated to ready."""
    return {
        "name": record.name,
        "state": record.state.value,
        "endpoint": record.endpoint,
        "restore": record.restore_id,
        "backup": record.backup_id,
        "source": record.source,
        "engine": record.engine,
        "provisioner": record.provisioner,
        "owner": person(record.owner),
        "created_at": moment(record.created_at),
        "ready_at": moment(record.ready_at),
        "lease_ends_at": moment(record.lease_ends_at),
        "seconds": record.seconds,
        "fingerprint": record.fingerprint,
        "fingerprint_equal": record.fingerprint_equal,
        "counts": {kind: dict(labels) for kind, labels in record.counts.items()},
        "checked": list(record.checked),
        "step": step(record.step),
        "failure": record.failure and error(record.failure),
    }


def _moment_of(text: str) -> str | None:
    return moment(datetime.fromisoformat(text)) if text else None
