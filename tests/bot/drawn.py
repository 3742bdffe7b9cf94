"""Values of any kind, for tests that draw blocks with them."""

from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st

from core.model.backup import Backup, BackupState, Failure, Proof, Tier
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.instance import Instance, InstanceState
from core.model.person import Door, Person
from core.model.plan import RestorePlan
from core.model.progress import Step, Unit
from core.model.restore import Decision, Restore, RestoreState
from core.model.source import Source
from core.model.verdict import Lock, Reason, Rule, Verdict
from core.services.browse import SourceStatus

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 14, 3, tzinfo=UTC)
PLAN = RestorePlan("b", "gods", "sqlite", "s", 1, NOW.isoformat(), "proven", "", "i", "here", "here", 3_600, 1, 1)
words = st.builds(str.__mul__, st.text(max_size=8) | st.just("<!channel> & `x` "), st.sampled_from([1, 3, 400]))
short = words.map(lambda text: text[:200])
names = st.from_regex(r"\A[a-z][a-z0-9_-]{0,39}\Z")


def many(one: st.SearchStrategy[T], most: int) -> st.SearchStrategy[list[T]]:
    """Return lists of one thing again and again: as long as it gets, without the time that many things take."""
    return st.builds(lambda thing, times: [thing] * times, one, st.integers(0, most))


moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zoned beside
maybe_moments = st.none() | moments
numbers = st.integers(0, 10**15)
counts = st.dictionaries(words, st.dictionaries(words, numbers, max_size=3), max_size=2)
people = st.builds(Person, id=st.just("U0ONCALL") | short, name=words, door=st.sampled_from(Door))
steps = st.none() | st.builds(Step, name=short, done=numbers, total=numbers, unit=st.sampled_from(Unit))
failures = st.none() | st.builds(Failure, code=short, message=words, hint=words, reference=short, step=short)
some_backups = st.builds(
    Backup,
    id=st.from_regex(r"\A\d{8}T\d{6}Z-[0-9a-f]{6}\Z"),
    source=names,
    engine=names,
    vault=names,
    tiers=st.frozensets(st.sampled_from(Tier)),
    state=st.sampled_from(BackupState),
    proof=st.sampled_from(Proof),
    requested_by=people,
    note=short,
    requested_at=moments,
    started_at=maybe_moments,
    finished_at=maybe_moments,
    step=steps,
    size=numbers,
    raw_size=numbers,
    archive_name=short,
    archive_sha256=short,
    timings=st.dictionaries(short, st.floats(0, 10**6), max_size=4),
    versions=st.dictionaries(words, words, max_size=3),
    counts=counts,
    fingerprint=short,
    verified_at=maybe_moments,
    proven_at=maybe_moments,
    failure=failures,
    warning=words,
    hold=st.none() | st.builds(Hold, person=people, reason=short, placed_at=moments, until=maybe_moments),
    expired_at=maybe_moments,
    expiry=words,
    pruned_at=maybe_moments,
)
reasons = st.builds(Reason, by=st.none() | st.sampled_from([*Rule, *Lock]), says=words, until=maybe_moments)
verdicts = st.builds(
    Verdict, keep=st.booleans(), reasons=many(reasons, 30).filter(bool).map(tuple), kept_until=maybe_moments
)
freezes = st.none() | st.builds(Freeze, person=people, reason=short, placed_at=moments, until=moments)
plans = st.builds(
    RestorePlan,
    backup_id=short,
    source=names,
    engine=names,
    archive_sha256=short,
    archive_size=numbers,
    taken_at=moments.map(datetime.isoformat),
    proof=short,
    proven_at=st.just("") | moments.map(datetime.isoformat),
    instance=short,
    provisioner=names,
    where=words,
    lifetime_seconds=st.integers(300, 30 * 86_400),
    disk_bytes=numbers,
    memory_bytes=numbers,
)
decisions = st.builds(
    Decision,
    person=people,
    approved=st.booleans(),
    reason=short,
    decided_at=moments,
    plan_hash=short,
    break_glass=st.booleans(),
)
restores = st.builds(
    Restore,
    id=st.from_regex(r"\Ar-[0-9a-f]{8}\Z"),
    plan=plans,
    plan_hash=st.text("0123456789abcdef", min_size=64, max_size=64),
    state=st.sampled_from(RestoreState),
    requested_by=people,
    reason=short,
    requested_at=moments,
    expires_at=moments,
    approvals_needed=st.integers(0, 5),
    decisions=many(decisions, 5).map(tuple),
    started_at=maybe_moments,
    finished_at=maybe_moments,
    step=steps,
    failure=failures,
)
instances = st.builds(
    Instance,
    name=short.filter(bool),
    restore_id=short,
    backup_id=short,
    source=names,
    engine=names,
    provisioner=names,
    state=st.sampled_from(InstanceState),
    owner=people,
    created_at=moments,
    lease_ends_at=moments,
    endpoint=words,
    seconds=st.floats(0, 10**7),
    fingerprint=short,
    fingerprint_equal=st.none() | st.booleans(),
    counts=counts,
    checked=many(words, 20).map(tuple),
    step=steps,
    failure=failures,
)
statuses = st.builds(
    SourceStatus,
    source=st.builds(Source, name=names, engine=names, vault=names, provisioner=names),
    title=words,
    newest_good=st.none() | some_backups,
    newest=st.none() | some_backups,
    count=numbers,
    size_bytes=numbers,
    overdue=st.booleans(),
)
few = settings(max_examples=60)
