"""A manifest says what was written, or is refused."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ManifestCorrupt, UnsupportedVersion
from core.model.hold import Hold
from core.model.manifest import ArchivedFile, Manifest, ProofRecord, StoredArchive, from_bytes, to_bytes
from core.model.person import Door, Person

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
MOMENTS = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-9))]),
)
SIZES = st.integers(0, 1 << 60)
NUMBERS = st.floats(0, 1e9) | st.integers(0, 1 << 40)
FACTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
COUNTS = st.dictionaries(TEXTS, st.dictionaries(TEXTS, SIZES, max_size=3), max_size=2)
FILES = st.lists(st.builds(ArchivedFile, TEXTS, SIZES, HASHES), max_size=5).map(tuple)
MANIFESTS = st.builds(
    Manifest,
    backup_id=TEXTS,
    source=TEXTS,
    engine=TEXTS,
    tiers=st.lists(TEXTS, max_size=4).map(tuple),
    requested_by=TEXTS,
    requested_by_name=TEXTS,
    door=TEXTS,
    note=TEXTS,
    requested_at=MOMENTS,
    captured_at=MOMENTS,
    verified_at=MOMENTS,
    archive=st.builds(StoredArchive, TEXTS, SIZES, HASHES, FILES),
    versions=st.dictionaries(TEXTS, TEXTS, max_size=3),
    facts=st.dictionaries(TEXTS, FACTS, max_size=3),
    timings=st.dictionaries(TEXTS, NUMBERS, max_size=3),
    proof=st.none() | st.builds(ProofRecord, MOMENTS, HASHES, COUNTS, st.lists(TEXTS, max_size=3).map(tuple)),
    started_at=st.none() | MOMENTS,
    due_at=st.none() | MOMENTS,
    hold=st.none()
    | st.builds(Hold, st.builds(Person, TEXTS, TEXTS, st.sampled_from(Door)), TEXTS, MOMENTS, st.none() | MOMENTS),
    damage=TEXTS,
)


@given(manifest=MANIFESTS)
def test_what_is_written_is_what_is_read(manifest: Manifest) -> None:
    """Any manifest survives the way through its text, and gives the same text again."""
    text = to_bytes(manifest)
    assert from_bytes(text) == manifest
    assert to_bytes(from_bytes(text)) == text


@settings(max_examples=50)
@given(manifest=MANIFESTS, data=st.data())
def test_any_changed_text_is_refused(manifest: Manifest, data: st.DataObject) -> None:
    """A flipped, a removed and an added byte anywhere are noticed."""
    text = to_bytes(manifest)
    position = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[position]))
    for torn in (
        text[:position] + bytes([other]) + text[position + 1 :],
        text[:position],
        text[:position] + b" " + text[position:],
    ):
        with pytest.raises(ManifestCorrupt):
            from_bytes(torn)


@given(text=st.binary(max_size=200))
def test_rubbish_is_refused(text: bytes) -> None:
    """Bytes that nobody wrote are a corrupt manifest, never a crash."""
    with pytest.raises(ManifestCorrupt):
        from_bytes(text)


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"7", b'{"sha256":1}', b"[" * 100_000, b'{"a":1e999}', b"\xff"])
def test_odd_json_is_refused(text: bytes) -> None:
    """JSON that is no manifest is a corrupt one."""
    with pytest.raises(ManifestCorrupt):
        from_bytes(text)


def _signed(body: dict[str, Any]) -> bytes:
    """Return the canonical text of any body, with the right checksum."""

    def canonical(value: dict[str, Any]) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    return canonical({**body, "sha256": hashlib.sha256(canonical(body)).hexdigest()})


def _body() -> dict[str, Any]:
    moment = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    stored = StoredArchive("gods.tar.zst", 9, "ab" * 32, (ArchivedFile("a", 1, "cd" * 32),))
    manifest = Manifest(
        "20261123T020000Z-7f3a1c", "gods", "sqlite", ("daily",), "U1", "anna", "slack", "", moment, moment, moment,
        stored, {},
    )  # fmt: skip
    body: dict[str, Any] = json.loads(to_bytes(manifest))
    del body["sha256"]
    return body


def test_a_newer_format_is_named() -> None:
    """A whole manifest of a later format is an unsupported version, not a corrupt one."""
    assert from_bytes(_signed(_body())).source == "gods"
    with pytest.raises(UnsupportedVersion, match="format 3, this Safehold reads up to format 2"):
        from_bytes(_signed({**_body(), "format": 3}))


def test_an_older_format_is_read() -> None:
    """A manifest of format 1 says all that it ever did: nobody holds it, nothing is wrong with it."""
    body = _body()
    older = {name: value for name, value in body.items() if name not in {"started_at", "due_at", "hold", "damage"}}
    manifest = from_bytes(_signed({**older, "format": 1}))
    assert manifest == from_bytes(_signed(body))
    assert (manifest.started_at, manifest.due_at, manifest.hold, manifest.damage) == (None, None, None, "")
    assert b'"format":2' in to_bytes(manifest)


@pytest.mark.parametrize("name", sorted(set(_body()) - {"format"}))
def test_a_missing_member_is_refused(name: str) -> None:
    """A manifest without one of its members is corrupt, though its checksum is right."""
    body = _body()
    del body[name]
    with pytest.raises(ManifestCorrupt):
        from_bytes(_signed(body))


TOO_LARGE = 1 << 63
HELD: dict[str, Any] = {
    "person": {"id": "U1", "name": "anna", "door": "slack"},
    "reason": "",
    "placed_at": "2026-11-23T02:00:00+00:00",
    "until": None,
}
PROVEN: dict[str, Any] = {
    "at": "2026-11-23T02:00:00+00:00",
    "fingerprint": "ab",
    "counts": {"v": {"god": 1}},
    "checked": [],
}
STORED: dict[str, Any] = {"name": "gods.tar.zst", "size": 9, "sha256": "ab" * 32}


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": 7},
        {"note": None},
        {"tiers": "daily"},
        {"tiers": [7]},
        {"requested_at": "2026-11-23T02:00:00"},
        {"captured_at": 7},
        {"due_at": "0001-01-01T00:00:00+05:00"},
        {"damage": False},
        {"archive": {**STORED, "size": TOO_LARGE}},
        {"archive": {**STORED, "size": "9"}},
        {"archive": {**STORED, "size": -1}},
        {"archive": {**STORED, "size": True}},
        {"files": [{"path": "a", "size": TOO_LARGE, "sha256": "cd"}]},
        {"files": [{"path": each, "size": TOO_LARGE - 1, "sha256": "cd"} for each in "ab"]},
        {"files": [{"path": "a", "size": 9, "sha256": "cd"}, {"path": "b", "size": -1, "sha256": "cd"}]},
        {"files": [{"path": "a", "size": 1.0, "sha256": "cd"}]},
        {"files": [{"path": 7, "size": 1, "sha256": "cd"}]},
        {"files": [{"path": "a", "size": 1, "sha256": None}]},
        {"versions": {"sqlite": 3}},
        {"versions": []},
        {"facts": []},
        {"timings": {"storing": "7"}},
        {"timings": {"storing": TOO_LARGE}},
        {"timings": {"storing": float("inf")}},
        {"proof": []},
        {"proof": {**PROVEN, "counts": "7"}},
        {"proof": {**PROVEN, "counts": {"v": 7}}},
        {"proof": {**PROVEN, "counts": {"v": {"god": TOO_LARGE}}}},
        {"proof": {**PROVEN, "fingerprint": None}},
        {"hold": 7},
        {"hold": {**HELD, "reason": 7}},
        {"hold": {**HELD, "person": {**HELD["person"], "door": "window"}}},
    ],
    ids=repr,
)
def test_a_member_of_a_wrong_kind_is_refused(wrong: dict[str, Any]) -> None:
    """What no Safehold writes is corrupt, though its checksum is right: numbers that no column can hold included."""
    sound = _body() | {"proof": PROVEN, "hold": HELD}
    assert from_bytes(_signed(sound)).hold is not None
    with pytest.raises(ManifestCorrupt):
        from_bytes(_signed(sound | wrong))
