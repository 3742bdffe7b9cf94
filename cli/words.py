"""Turns values into the words that a person in a terminal reads: sizes, times, durations, counts, states."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.model import quoting
from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.progress import Step, Unit
from core.model.schedule import Due
from core.model.verdict import Lock, Verdict
from core.services.retention import deleted_from

size = quoting.size

_SOON = timedelta(days=2)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_IRREGULAR = {"vertices": "vertex", "indices": "index", "indexes": "index"}


def clean(text: str) -> str:
    """Return the text without anything that could steer a terminal; line breaks and tabs stay."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else "?" for c in text
    )


def moment(at: datetime | None) -> str:
    """Return a time in the reader's own zone with its UTC offset: `2026-11-23 14:03 +01:00`; `-` for none."""
    if at is None:
        return "-"
    local = at.astimezone().isoformat(sep=" ", timespec="minutes")
    return f"{local[:16]} {local[16:]}"


def day(at: datetime) -> str:
    """Return a day in the reader's own zone: `2026-11-23`."""
    return f"{at.astimezone():%Y-%m-%d}"


def duration(seconds: float) -> str:
    """Return a span of time: `0.4 s`, `41 s`, `2 h 10 min`, `3 d 4 h`."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a tenth still says something
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    return _two(whole, _HOUR, "h", _MINUTE, "min") if whole < 2 * _DAY else _two(whole, _DAY, "d", _HOUR, "h")


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago a time was."""
    return f"{duration(max(0.0, (now - at).total_seconds()))} ago"


def left(until: datetime, now: datetime) -> str:
    """Return how long it is until a time, or that it is over."""
    return f"{duration((until - now).total_seconds())} left" if until > now else "over"


def step(at: Step | None) -> str:
    """Return where a run stands: `storing, 12.1 of 28.9 MB`, `rebuilding indexes, 2 of 5`."""
    if at is None:
        return "starting"
    if not at.total:
        return at.name
    if at.unit is Unit.ITEMS:
        return f"{at.name}, {at.done} of {at.total}"
    return f"{at.name}, {quoting.part(at.done, at.total)}"


def counts(by_kind: Mapping[str, Mapping[str, int]]) -> str:
    """Return totals by kind: `12 vertices, 17 edges`; `347 rows in 2 tables`."""
    parts = []
    for kind, labels in _ordered(by_kind):
        total = sum(labels.values())
        parts.append(
            f"{plural(total, 'row')} in {plural(len(labels), 'table')}"
            if kind == "tables"
            else f"{total} {_noun(kind, total)}"
        )
    return ", ".join(parts)


def counts_by_label(by_kind: Mapping[str, Mapping[str, int]], most: int = 8) -> str:
    """Return totals with their biggest labels: `12 vertices (god 3, titan 1), 17 edges (father 2, ...)`."""
    parts = []
    for kind, labels in _ordered(by_kind):
        biggest = sorted(labels.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = ", ".join(f"{label} {count}" for label, count in biggest[:most]) + (", ..." if biggest[most:] else "")
        parts.append(f"{counts({kind: labels})} ({shown})" if labels else counts({kind: labels}))
    return ", ".join(parts)


def state(backup: Backup) -> str:
    """Return a backup's state in a word, with its progress or the reason where there is one."""
    if backup.state.open:
        return f"pending: {step(backup.step)}" if backup.step else "pending"
    if backup.state is BackupState.EXPIRED:
        return f"expired, {backup.known_as}: {backup.expiry}" if backup.known_as else f"expired: {backup.expiry}"
    if backup.state is BackupState.PRUNING:
        return "expired: being deleted"
    if backup.state is BackupState.GOOD:
        proof = backup.proof.value if backup.proof is not Proof.NONE else "good"
        return f"{proof}, {step(backup.step)}" if backup.step else proof
    return f"{backup.state.value}: {backup.failure.message}" if backup.failure else backup.state.value


def tiers(tiered: Backup | Due) -> str:
    """Return why a backup exists, or why it is due: `daily, weekly`."""
    return ", ".join(tier.value for tier in Tier if tier in tiered.tiers)


def kept(backup: Backup, verdict: Verdict | None, grace_seconds: float, now: datetime) -> str:
    """Return in a few words how long a backup is kept; "" where nothing was asked or nothing of it is stored."""
    if verdict is None:
        return ""
    if not verdict.keep:
        gone_from = deleted_from(backup, grace_seconds)
        return f"deleted from {day(gone_from)} on" if gone_from else "goes next"
    by = {reason.by: reason for reason in verdict.reasons}
    locks = {Lock.HOLD: "held", Lock.FREEZE: "frozen"}
    if Lock.BUSY in by and verdict.kept_until is not None:
        locks[Lock.BUSY] = by[Lock.BUSY].says
    for lock, says in locks.items():
        if lock in by:
            at = by[lock].until
            if at is None:
                return says
            # Of what somebody ordered and that ends today or tomorrow, the day alone is not enough.
            return f"{says} until {moment(at) if at - now < _SOON else day(at)}"
    if verdict.kept_until is not None:
        return f"until {day(verdict.kept_until)}"
    return next((reason.says for reason in verdict.reasons if reason.until is None), verdict.says)


def plural(count: int, noun: str) -> str:
    """Return `1 backup`, `2 backups`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _ordered(by_kind: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    """Return the kinds with vertices before edges: a stored record has them by alphabet."""
    return sorted(by_kind.items(), key=lambda pair: (pair[0] == "edges", pair[0]))


def _noun(kind: str, count: int) -> str:
    return kind if count != 1 else _IRREGULAR.get(kind, kind.removesuffix("s"))


def _two(seconds: int, big: int, big_name: str, small: int, small_name: str) -> str:
    rest = seconds % big // small
    return f"{seconds // big} {big_name}" + (f" {rest} {small_name}" if rest else "")


def holder(entry: str, name: str = "") -> str:
    """Return in words who has a right: a configured id, with the name under which it is known, if it is."""
    if entry.startswith("os:"):
        return f"the login {entry.removeprefix('os:')}"
    if entry.startswith("S"):
        return f"the Slack user group {entry}"
    if not entry.startswith(("U", "W")):
        return entry
    return f"{name} in Slack ({entry})" if name and name != entry else f"the Slack user {entry}"
