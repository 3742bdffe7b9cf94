"""What an archive holds: the manifest, its text form, and how it proves that it is whole.

It is canonical JSON (RFC 8259; keys sorted, no spaces, UTF-8, one final newline) with a member `sha256`:
the SHA-256 of the same text without that member. A manifest is refused unless its bytes are exactly the
canonical form of what they say, so every changed byte is noticed.

Format 2 adds `started_at`, `due_at`, `hold` and `damage`. Format 1 is still read, and written again as format 2.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.errors import ManifestCorrupt, UnsupportedVersion
from core.model.hold import Hold
from core.model.kinds import mapping, moment, number, optional_moment, size, text, texts
from core.model.person import Door, Person, person_fields

FORMAT = 2
READABLE = (1, 2)


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file in an archive: its path below the archive's folder, bytes, and lower-case hex SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """What a vault wrote: the archive's file name, bytes and SHA-256, and the files that went into it."""

    name: str
    size: int
    sha256: str
    files: tuple[ArchivedFile, ...]

    @property
    def raw_size(self) -> int:
        """Return the bytes of the files before compression."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """The result of opening and counting a copy made from the stored bytes.

    `counts` is by kind and label. `fingerprint` is hex. `checked` lists in words what was checked.
    """

    at: datetime
    fingerprint: str
    counts: Mapping[str, Mapping[str, int]]
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a restore needs to know, kept beside the archive and written last.

    `facts` belong to the engine (schema, indexes and their status, how the capture went). `timings` are seconds.
    `due_at` is the time by its schedule, None where a person asked. `damage` says what was found wrong with the stored
    bytes after they were stored, "" where nothing was: such a backup is not good.
    """

    backup_id: str
    source: str
    engine: str
    tiers: tuple[str, ...]
    requested_by: str
    requested_by_name: str
    door: str
    note: str
    requested_at: datetime
    captured_at: datetime
    verified_at: datetime
    archive: StoredArchive
    versions: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    proof: ProofRecord | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    hold: Hold | None = None
    damage: str = ""

    def proven(self, proof: ProofRecord) -> "Manifest":
        """Return the same manifest with a proof, which says that nothing is wrong with the bytes."""
        return replace(self, proof=proof, damage="")


def to_bytes(manifest: Manifest) -> bytes:
    """Return the canonical text of a manifest, its own SHA-256 included."""
    body = _body(manifest)
    return _canonical({**body, "sha256": hashlib.sha256(_canonical(body)).hexdigest()})


def from_bytes(written: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestCorrupt: the text is not exactly what was written.
        UnsupportedVersion: it is whole, but of a format newer than this Safehold knows.

    """
    try:
        body = json.loads(written)
        claimed = body.pop("sha256")
        whole = _canonical({**body, "sha256": claimed}) == written
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _corrupt("it is not readable as JSON") from error
    if not whole or hashlib.sha256(_canonical(body)).hexdigest() != claimed:
        raise _corrupt("its bytes do not match its own checksum")
    if body.get("format") not in READABLE:
        raise UnsupportedVersion(
            f"The manifest has format {body.get('format')}, this Safehold reads up to format {FORMAT}.",
            hint="Use a newer Safehold, or restore by hand as docs/restore-without-safehold.md shows.",
        )
    try:
        return _read(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _corrupt("a member is missing or of the wrong kind") from error


def _corrupt(why: str) -> ManifestCorrupt:
    return ManifestCorrupt(
        f"The manifest can't be trusted: {why}. Nothing was loaded.",
        hint="Use another backup, and check the disk that holds the vault.",
    )


def _canonical(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def _body(manifest: Manifest) -> dict[str, Any]:
    archive, proof, hold = manifest.archive, manifest.proof, manifest.hold
    return {
        "format": FORMAT,
        "backup_id": manifest.backup_id,
        "source": manifest.source,
        "engine": manifest.engine,
        "tiers": list(manifest.tiers),
        "requested_by": manifest.requested_by,
        "requested_by_name": manifest.requested_by_name,
        "door": manifest.door,
        "note": manifest.note,
        "requested_at": manifest.requested_at.isoformat(),
        "captured_at": manifest.captured_at.isoformat(),
        "verified_at": manifest.verified_at.isoformat(),
        "archive": {"name": archive.name, "size": archive.size, "sha256": archive.sha256},
        "files": [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in archive.files],
        "versions": dict(manifest.versions),
        "facts": dict(manifest.facts),
        "timings": dict(manifest.timings),
        "proof": proof
        and {
            "at": proof.at.isoformat(),
            "fingerprint": proof.fingerprint,
            "counts": {kind: dict(labels) for kind, labels in proof.counts.items()},
            "checked": list(proof.checked),
        },
        "started_at": manifest.started_at and manifest.started_at.isoformat(),
        "due_at": manifest.due_at and manifest.due_at.isoformat(),
        "hold": hold
        and {
            "person": person_fields(hold.person),
            "reason": hold.reason,
            "placed_at": hold.placed_at.isoformat(),
            "until": hold.until and hold.until.isoformat(),
        },
        "damage": manifest.damage,
    }


def _read(body: Mapping[str, Any]) -> Manifest:
    return Manifest(
        backup_id=text(body["backup_id"]),
        source=text(body["source"]),
        engine=text(body["engine"]),
        tiers=texts(body["tiers"]),
        requested_by=text(body["requested_by"]),
        requested_by_name=text(body["requested_by_name"]),
        door=text(body["door"]),
        note=text(body["note"]),
        requested_at=moment(body["requested_at"]),
        captured_at=moment(body["captured_at"]),
        verified_at=moment(body["verified_at"]),
        archive=_archive(body),
        versions={text(name): text(version) for name, version in mapping(body["versions"]).items()},
        facts=mapping(body["facts"]),
        timings={text(name): number(seconds) for name, seconds in mapping(body["timings"]).items()},
        proof=None if body["proof"] is None else _proof(mapping(body["proof"])),
        **(_second(body) if body["format"] != 1 else {}),
    )


def _archive(body: Mapping[str, Any]) -> StoredArchive:
    archive = mapping(body["archive"])
    files = tuple(ArchivedFile(f["path"], f["size"], f["sha256"]) for f in body["files"])
    for file in files:
        # Not by a call each: there may be a million of them.
        if type(file.size) is not int or type(file.path) is not str or type(file.sha256) is not str:
            raise TypeError(file)
    size(min((file.size for file in files), default=0))
    stored = StoredArchive(text(archive["name"]), size(archive["size"]), text(archive["sha256"]), files)
    size(stored.raw_size)
    return stored


def _proof(proof: Mapping[str, Any]) -> ProofRecord:
    counts = {
        text(kind): {text(label): size(count) for label, count in mapping(labels).items()}
        for kind, labels in mapping(proof["counts"]).items()
    }
    return ProofRecord(moment(proof["at"]), text(proof["fingerprint"]), counts, texts(proof["checked"]))


def _second(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what format 2 added."""
    return {
        "started_at": optional_moment(body["started_at"]),
        "due_at": optional_moment(body["due_at"]),
        "damage": text(body["damage"]),
        "hold": None if body["hold"] is None else _hold(mapping(body["hold"])),
    }


def _hold(hold: Mapping[str, Any]) -> Hold:
    who = mapping(hold["person"])
    person = Person(text(who["id"]), text(who["name"]), Door(who["door"]))
    return Hold(person, text(hold["reason"]), moment(hold["placed_at"]), optional_moment(hold["until"]))
