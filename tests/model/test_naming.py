"""Names sort by time, fit where they are used, and hold nothing that an engine refuses."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from core.model import naming

MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


@given(MOMENTS, st.integers(0))
def test_a_backup_id_has_its_form_for_any_moment(moment: datetime, entropy: int) -> None:
    """Whatever random bits come, the id is one."""
    assert naming.is_backup_id(naming.backup_id(moment, entropy))


@given(MOMENTS, MOMENTS)
def test_backup_ids_sort_by_time(one: datetime, other: datetime) -> None:
    """Newest first by id is newest first by time."""
    early, late = sorted((one, other))
    assert naming.stamp(early) <= naming.stamp(late)


@given(MOMENTS)
def test_an_instance_name_holds_nothing_that_janusgraph_refuses(moment: datetime) -> None:
    """Colons, dots, slashes and plus signs are refused in graph.unique-instance-id."""
    assert re.fullmatch(r"janusgraph-restore-\d{8}T\d{6}Z", naming.instance_name("janusgraph", moment))


def test_a_name_is_in_utc_whatever_zone_the_moment_is_in() -> None:
    """Two machines in two zones name one moment alike."""
    moment = datetime(2026, 11, 24, 4, 15, tzinfo=timezone(timedelta(hours=1)))
    assert naming.instance_name("janusgraph", moment) == "janusgraph-restore-20261124T031500Z"
