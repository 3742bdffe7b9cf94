"""Judges a catalog and a vault after every step, reading both by itself, by rules 1 to 3 of what must always hold."""

import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import zstandard

from bench.model_mortal import FILE
from bench.model_rules import Fact, Rules, wrongly_let_go

FOR_EVER = datetime.max.replace(tzinfo=UTC)
CHANGED = (
    "select id, source, state, tiers, coalesce(started_at, requested_at), failure is not null, hold, owner, due_at, "
    "archive_sha256, proof = 'proven', revision from backups where revision > ? order by revision"
)
RUNNING = (
    "select id, owner from backups where state in ('pending', 'running') "
    "union all select id, owner from restores where state = 'running'"
)
WANTED = "select json_extract(plan, '$.backup_id') from restores where state in ('waiting', 'approved', 'running')"
BYTES = frozenset({"good", "damaged", "expired", "pruning"})
OPEN = frozenset({"pending", "running"})
ENDED = frozenset({"failed", "interrupted", "cancelled"})
KEPT = frozenset({"good", "damaged"})


@dataclass(slots=True)
class Row:
    """A backup's record as it was read last."""

    id: str
    source: str
    state: str
    fact: Fact
    due_at: str | None
    sha256: str
    owner: str


@dataclass
class Judge:
    """Remembers every record that matters, and every fault.

    `truth` is what each capture held; `hurt` are the backups whose bytes the torture has changed; `unseen` are those
    whose runs ended while the vault was away: what they left there is for the sweep, which asks for real days.
    """

    path: Path
    vault: Path
    truth: dict[str, bytes]
    rules: Callable[[str], Rules]
    hurt: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    rows: dict[str, Row] = field(default_factory=dict)
    served: dict[tuple[str, str], str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    good: int = 0
    let_go: int = 0
    pruned: int = 0
    _revision: int = 0

    def __post_init__(self) -> None:
        """Open the catalog for reading."""
        self.db = sqlite3.connect(
            f"{self.path.as_uri()}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
        )

    def look(self, now: datetime) -> None:
        """Judge every change of a backup since the last look, all at once."""
        changed = []
        for found in self.db.execute(CHANGED, (self._revision,)):
            changed.append((self.rows.get(found[0]), self._row(found)))
            self._revision = found[-1]
        if not changed:
            return
        for _, row in changed:
            if row.state in BYTES or row.state in OPEN:
                self.rows[row.id] = row
            else:
                self.rows.pop(row.id, None)
        for before, row in changed:
            self._change(before, row, now)

    def removing(self, source: str, backup_id: str, now: datetime, *, begun: bool = False) -> None:
        """Judge that bytes are about to be deleted; `begun`: that cannot be stopped any more."""
        self.look(now)
        row = self.rows.get(backup_id)
        if row is None or row.state != "pruning":
            self._fault(f"the bytes of {backup_id} are deleted while it is {row.state if row else 'gone'}")
            return
        if self._frozen(now) and not begun:
            self._fault(f"the bytes of {backup_id} are deleted while retention is frozen")
        if backup_id in self._worked_on():
            self._fault(f"the bytes of {backup_id} are deleted while they are used")
        if any(other.source == source and other.state in OPEN for other in self.rows.values()):
            self._fault(f"the bytes of {backup_id} are deleted while {source} is backed up")

    def whole(self, *, mounted: bool) -> None:
        """Compare every record with the vault, both ways."""
        if not mounted:
            return
        there = {path.parent.name for path in self.vault.glob("*/*/manifest.json")}
        for row in self.rows.values():
            if row.state in KEPT | {"expired"} and row.id not in there and row.id not in self.hurt:
                self._fault(f"{row.id} is {row.state}, and the vault has no manifest of it")
        for key in there - self.rows.keys() - self.unseen:
            self._fault(f"the vault holds {key}, which no record has bytes for")

    def settled(self, owner: str, knows: Callable[[str], bool], *, mounted: bool) -> None:
        """Judge what a restart has to have settled: open runs that nobody runs, their leases, halves in the vault."""
        for key, of in self.db.execute(RUNNING):
            if mounted and (of != owner or not knows(key)):
                self._fault(f"{key} is still open after a restart")
        for name, run, of in self.db.execute("select name, run, owner from leases"):
            if mounted and (of != owner or not knows(run)):
                self._fault(f"the lease {name} of {run} outlived its process")
        if not mounted:
            return
        for shelf in self.vault.glob("*/*/"):
            row = self.rows.get(shelf.name)
            if shelf.name in self.unseen:
                continue
            if not (shelf / "manifest.json").exists() and (row is None or row.state not in OPEN | {"pruning"}):
                self._fault(f"{shelf.name} was left half in the vault")

    def _row(self, found: tuple[object, ...]) -> Row:
        key, source, state, tiers, at, failed, hold, owner, due_at, sha256, proven, _revision = map(str, found)
        held = json.loads(hold) if hold != "None" else None
        moment = datetime.fromisoformat(at)
        until = held and (datetime.fromisoformat(held["until"]) if held["until"] else FOR_EVER)
        good = state == "good" or (state == "expired" and failed == "0")
        fact = Fact(key, moment, frozenset(json.loads(tiers)), good, state in OPEN, state in BYTES, until or None)
        fact.proven = proven == "1"
        return Row(key, source, state, fact, None if due_at == "None" else due_at, sha256, owner)

    def _change(self, before: Row | None, row: Row, now: datetime) -> None:
        was = before.state if before else ""
        if row.state in ENDED and not self.vault.is_dir():
            self.unseen.add(row.id)
        if was == row.state:
            return
        if row.state == "good" and was in OPEN | {"", "damaged"}:
            self._became_good(row, first=was != "damaged")
        elif row.state == "expired" or (row.state == "pruning" and was != "pruning"):
            if was not in (KEPT if row.state == "expired" else {"expired"}):
                self._fault(f"{row.id} went from {was or 'nothing'} to {row.state}")
            self._went(replace(before.fact) if before else row.fact, row, now)
        elif row.state == "pruned":
            self.pruned += 1
            if was != "pruning" or (self.vault / row.source / row.id).exists():
                self._fault(f"{row.id} went from {was} to pruned, or its bytes are still there")
        elif row.state == "damaged" and row.id not in self.hurt:
            self._fault(f"{row.id} is called damaged, and nobody touched it")
        elif was in BYTES and row.state not in BYTES:
            self._fault(f"{row.id} went from {was} to {row.state}")

    def _went(self, fact: Fact, row: Row, now: datetime) -> None:
        """Judge that a backup is let go, or is about to be deleted."""
        self.let_go += row.state == "expired"
        fact.busy = row.id in self._busy(now)
        # Its hold, as it is after the step: none is ever taken away by being let go.
        fact.held_until = row.fact.held_until
        if row.state == "expired" and fact.good and not row.fact.good:
            # Found cut in the look right before.
            fact.good = False
            if row.id not in self.hurt:
                self._fault(f"{row.id} is whole and was called damaged")
        others = [
            r.fact for r in self.rows.values() if r.source == row.source and r.state != "pruning" and r.id != row.id
        ]
        why = wrongly_let_go(fact, [*others, fact], self.rules(row.source), now, frozen=self._frozen(now))
        if why:
            self._fault(f"{row.id} became {row.state}, against {why}")

    def _became_good(self, row: Row, *, first: bool) -> None:
        """Judge that it is good: the vault's bytes hold what was captured, and no other is of its due time."""
        self.good += first
        held, truth = self._stored(row), self.truth.get(row.id, b"")
        if not truth or held != truth:
            self._fault(f"{row.id} is called good and holds {len(held)} bytes of {len(truth)}")
        if row.due_at is not None and first:
            earlier = self.rows.get(self.served.get((row.source, row.due_at), ""))
            # One that was found damaged meanwhile is rightly tried again.
            if earlier is not None and earlier.state == "good":
                self._fault(f"the run of {row.source} due {row.due_at} was taken twice")
            self.served[row.source, row.due_at] = row.id

    def _stored(self, row: Row) -> bytes:
        folder = f"{row.source}-{row.id}"
        try:
            text = (self.vault / row.source / row.id / f"{folder}.tar.zst").read_bytes()
            if hashlib.sha256(text).hexdigest() != row.sha256:
                return b""
            tar = zstandard.ZstdDecompressor().stream_reader(text).read()
            with tarfile.open(fileobj=io.BytesIO(tar)) as members:
                member = members.extractfile(f"{folder}/{FILE}")
                return member.read() if member else b""
        except (OSError, zstandard.ZstdError, tarfile.TarError, KeyError):
            return b""

    def _frozen(self, now: datetime) -> bool:
        placed = self.db.execute("select until from freezes where lifted_at is null").fetchall()
        return any(now < datetime.fromisoformat(until) for (until,) in placed)

    def _busy(self, now: datetime) -> set[str]:
        links = "select backup_id from downloads where completed_at is null and expires_at > ?"
        text = now.isoformat(timespec="microseconds")
        return self._worked_on() | {key for (key,) in self.db.execute(links, (text,))}

    def _worked_on(self) -> set[str]:
        """Return what is verified, restored, or wanted for a restore."""
        verified = {run.removeprefix("verify:") for (run,) in self.db.execute("select run from leases")}
        return verified | {key for (key,) in self.db.execute(WANTED)}

    def _fault(self, fault: str) -> None:
        self.faults.append(fault)
