"""The plan hash is bound to everything the plan says."""

from dataclasses import fields, replace

import pytest

from core.model.plan import RestorePlan

PLAN = RestorePlan(
    backup_id="20261123T020000Z-7f3a1c",
    source="gods",
    engine="janusgraph-berkeleyje",
    archive_sha256="9c41",
    archive_size=28_900_000,
    taken_at="2026-11-23T02:00:00+00:00",
    proof="proven",
    proven_at="2026-11-23T02:01:00+00:00",
    instance="janusgraph-restore-20261123T051422Z",
    provisioner="here",
    where="this host, a free port, loopback only",
    lifetime_seconds=14_400,
    disk_bytes=70_000_000,
    memory_bytes=800_000_000,
)


@pytest.mark.parametrize("name", [field.name for field in fields(RestorePlan)])
def test_any_change_of_a_plan_changes_its_hash(name: str) -> None:
    """An approval of one plan is no approval of another."""
    value = getattr(PLAN, name)
    changed = replace(PLAN, **{name: value + 1 if isinstance(value, int) else value + "x"})
    assert changed.digest != PLAN.digest


def test_the_short_form_begins_the_hash() -> None:
    """What people read is the beginning of what is compared."""
    assert PLAN.digest.startswith(PLAN.short.replace("-", ""))
    assert len(PLAN.short) == 9
