"""The documents of --json keep their keys: scripts are built on them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from cli import documents
from tests.support.terminal import Terminal

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BACKUP = (
    "archive_name archive_sha256 counts due_at engine expired_at expiry failure fingerprint finished_at hold id note "
    "proof proven_at pruned_at raw_size requested_at requested_by size source started_at state step tiers timings "
    "vault verdict verified_at versions warning"
)
PLAN = (
    "archive_sha256 archive_size backup disk_bytes engine hash instance lifetime_seconds memory_bytes proof proven_at "
    "provisioner source taken_at where"
)
RESTORE = (
    "approvals_needed decisions expires_at failure finished_at id plan plan_hash reason requested_at requested_by "
    "started_at state step"
)
INSTANCE = (
    "backup checked counts created_at endpoint engine failure fingerprint fingerprint_equal lease_ends_at name owner "
    "provisioner ready_at restore seconds source state step"
)


def keys(document: dict[str, Any]) -> str:
    """Return the keys in order, as they stand above."""
    return " ".join(sorted(document))


def test_times_are_in_utc() -> None:
    """A time from anywhere is written in UTC, to the millisecond."""
    there = datetime(2026, 11, 23, 3, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=1)))
    assert documents.moment(there) == "2026-11-23T02:00:00.123Z"
    assert documents.moment(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
    assert documents.moment(None) is None


def test_the_documents_of_a_whole_story_have_their_keys(safehold: Terminal) -> None:
    """Backup, list, plan, request, decision and instance show the keys that are promised, with UTC times."""
    taken = safehold.json("now", "--note", "for the keys")
    backup = taken["backup"]
    assert taken == {"backup": backup, "lets_go": []}
    assert keys(backup) == BACKUP
    assert keys(backup["requested_by"]) == "door id name"
    assert MOMENT.fullmatch(backup["requested_at"])
    assert MOMENT.fullmatch(backup["proven_at"])
    page = safehold.json("list")
    assert keys(page) == "backups first freeze newer_than older_than total"
    shown = safehold.json("show", backup["id"])
    assert page["backups"] == [shown["backup"]]
    assert keys(shown["backup"]["verdict"]) == "keep kept_until locked_by reasons"
    assert shown == {"backup": {**backup, "verdict": shown["backup"]["verdict"]}}
    assert keys(safehold.json("restore", backup["id"], "--dry-run")["plan"]) == PLAN
    asked = safehold.json("restore", backup["id"], "--reason", "keys")["restore"]
    assert keys(asked) == RESTORE
    assert safehold.json("approvals") == {"approvals": [asked]}
    approved = safehold.json("approve", asked["id"], "--break-glass", "nobody awake")
    assert keys(approved) == "instance restore"
    assert keys(approved["instance"]) == INSTANCE
    assert keys(approved["restore"]["decisions"][0]) == "approved break_glass decided_at person reason"
    assert safehold.json("instances") == {"instances": [approved["instance"]]}


def test_a_failure_is_a_document_too(safehold: Terminal) -> None:
    """Refusals and failed runs have the same four members under error."""
    refused = safehold.json("show", "ffff")
    assert keys(refused) == "error"
    assert keys(refused["error"]) == "code hint message reference"
    (safehold.workplace.folder / "vault").rename(safehold.workplace.folder / "away")
    failed = safehold.json("now")
    assert keys(failed) == "backup error"
    assert failed["error"]["code"] == "vault-unavailable"
    assert failed["error"]["reference"]
