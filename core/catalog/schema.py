"""The catalog's tables and indexes, one migration for each change of them."""

from contextlib import closing
from pathlib import Path

from sqlite_utils import Database, Migrations

from core.errors import ForeignCatalog, UnsupportedVersion

APPLICATION_ID = 0x53464844
"""What `PRAGMA application_id` says in every catalog: "SFHD"."""

OPEN_BACKUPS = "state in ('pending', 'running')"
FAILED_BACKUPS = "state in ('failed', 'interrupted', 'damaged')"
OPEN_RESTORES = "state in ('waiting', 'approved', 'running')"
CURRENT_INSTANCES = "state not in ('destroyed', 'failed')"
SHOWN_BACKUPS = "state <> 'pruned'"
STORED_BACKUPS = "state in ('good', 'damaged', 'expired', 'pruning')"
LEAVING_BACKUPS = "state in ('expired', 'pruning')"
UNSAVED_BACKUPS = "unsaved = 1"
OPEN_RUNS = "state in ('due', 'begun', 'retrying')"
MADE_INSTANCES = "state = 'provisioning'"
OPEN_DOWNLOADS = "completed_at is null"
"""Conditions of partial indexes: SQLite uses such an index only where a query repeats its condition exactly."""

MIGRATIONS = Migrations("safehold")

_BACKUPS = (
    """
    create table backups (
        id text primary key not null, suffix text not null, source text not null, engine text not null,
        vault text not null, tiers text not null, state text not null, proof text not null,
        requested_by text not null, note text not null, requested_at text not null, started_at text,
        finished_at text, step text, size integer not null, raw_size integer not null, archive_name text not null,
        archive_sha256 text not null, timings text not null, versions text not null, counts text not null,
        fingerprint text not null, verified_at text, proven_at text, failure text, warning text not null,
        owner text not null, revision integer not null
    )
    """,
    "create index backups_by_time on backups (requested_at, id)",
    "create index backups_by_source on backups (source, requested_at, id)",
    "create index backups_by_state on backups (source, state, requested_at, id)",
    "create index backups_by_suffix on backups (suffix)",
    "create index backups_by_source_id on backups (source, id)",
    "create index backups_by_source_suffix on backups (source, suffix)",
    "create index backups_by_revision on backups (revision)",
    "create index backups_by_proof on backups (source, proven_at) where proven_at is not null",
    f"create index backups_open on backups (requested_at, id) where {OPEN_BACKUPS}",
    f"create index backups_failed on backups (requested_at, id) where {FAILED_BACKUPS}",
    # Counting rows costs as much as reading them all; these sums are kept as rows come and change.
    "create table totals (source text primary key not null, count integer not null, bytes integer not null)",
    """
    create trigger backups_counted after insert on backups begin
        insert or ignore into totals (source, count, bytes) values (new.source, 0, 0);
        update totals set count = count + 1, bytes = bytes + new.size where source = new.source;
    end
    """,
    """
    create trigger backups_sized after update of size on backups begin
        update totals set bytes = bytes - old.size + new.size where source = new.source;
    end
    """,
    """
    create trigger backups_uncounted after delete on backups begin
        update totals set count = count - 1, bytes = bytes - old.size where source = old.source;
    end
    """,
)

_RESTORES = (
    """
    create table restores (
        id text primary key not null, suffix text not null, plan text not null, plan_hash text not null,
        state text not null, requested_by text not null, reason text not null, requested_at text not null,
        expires_at text not null, approvals_needed integer not null, decisions text not null, started_at text,
        finished_at text, step text, failure text, owner text not null, revision integer not null
    )
    """,
    "create index restores_by_suffix on restores (suffix)",
    "create index restores_by_revision on restores (revision)",
    f"create index restores_open on restores (requested_at, id) where {OPEN_RESTORES}",
    """
    create table instances (
        name text primary key not null, suffix text not null, restore_id text not null, backup_id text not null,
        source text not null, engine text not null, provisioner text not null, state text not null,
        owner text not null, created_at text not null, lease_ends_at text not null, endpoint text not null,
        ready_at text, seconds real not null, fingerprint text not null, fingerprint_equal integer,
        counts text not null, checked text not null, step text, failure text, revision integer not null
    )
    """,
    "create index instances_by_suffix on instances (suffix)",
    "create index instances_by_revision on instances (revision)",
    "create index instances_by_time on instances (created_at, name)",
    f"create index instances_current on instances (created_at, name) where {CURRENT_INSTANCES}",
    """
    create table downloads (
        id text primary key not null, backup_id text not null, requested_by text not null, issued_at text not null,
        expires_at text not null, started_at text, completed_at text
    )
    """,
)

_RUNTIME = (
    "create table revision (value integer not null)",
    "insert into revision (value) values (0)",
    """
    create table processes (
        owner text primary key not null, host text not null, pid integer not null, created real not null,
        role text not null, registered_at text not null, beat_at text not null
    )
    """,
    """
    create table leases (
        name text primary key not null, owner text not null, run text not null, acquired_at text not null,
        expires_at text not null
    )
    """,
    """
    create table messages (
        subject text not null, slot text not null, channel text not null, ts text not null,
        revision integer not null, digest text not null, primary key (subject, slot)
    )
    """,
    "create index messages_by_ts on messages (channel, ts)",
    "create table marks (name text primary key not null, value text not null)",
)

_AUDIT = (
    """
    create table audit (
        seq integer primary key, at text not null, person text not null, act text not null, subject text not null,
        outcome text not null, detail text not null, hash text not null
    )
    """,
    # Where the chain ends: without it, entries cut off its end would not be missed.
    "create table audit_head (seq integer not null, hash text not null)",
    "insert into audit_head (seq, hash) values (0, '')",
    """
    create trigger audit_kept_as_written before update on audit begin
        select raise(abort, 'the audit record is append-only');
    end
    """,
    """
    create trigger audit_kept before delete on audit begin
        select raise(abort, 'the audit record is append-only');
    end
    """,
)


_TIME = (
    "alter table backups add column due_at text",
    "alter table backups add column hold text",
    "alter table backups add column expired_at text",
    "alter table backups add column expiry text not null default ''",
    "alter table backups add column pruned_at text",
    "alter table backups add column unsaved integer not null default 0",
    # Lists leave tombstones out, which in the end are nearly all there is.
    f"create index backups_shown on backups (requested_at, id) where {SHOWN_BACKUPS}",
    f"create index backups_shown_by_source on backups (source, requested_at, id) where {SHOWN_BACKUPS}",
    f"create index backups_stored on backups (source, requested_at, id) where {STORED_BACKUPS}",
    f"create index backups_leaving on backups (expired_at, id) where {LEAVING_BACKUPS}",
    f"create index backups_unsaved on backups (id) where {UNSAVED_BACKUPS}",
    # The sums follow what lists show: a tombstone is neither counted nor weighed.
    "drop trigger backups_counted",
    "drop trigger backups_sized",
    "drop trigger backups_uncounted",
    """
    create trigger backups_counted after insert on backups when new.state <> 'pruned' begin
        insert or ignore into totals (source, count, bytes) values (new.source, 0, 0);
        update totals set count = count + 1, bytes = bytes + new.size where source = new.source;
    end
    """,
    """
    create trigger backups_sized after update of size, state on backups
    when old.size <> new.size or (old.state = 'pruned') <> (new.state = 'pruned') begin
        update totals set
            count = count - (old.state <> 'pruned') + (new.state <> 'pruned'),
            bytes = bytes - iif(old.state <> 'pruned', old.size, 0) + iif(new.state <> 'pruned', new.size, 0)
        where source = new.source;
    end
    """,
    """
    create trigger backups_uncounted after delete on backups when old.state <> 'pruned' begin
        update totals set count = count - 1, bytes = bytes - old.size where source = old.source;
    end
    """,
    """
    create table expected (
        source text not null, due_at text not null, day text not null, tiers text not null, state text not null,
        noted_at text not null, backup_id text not null, covers integer not null, covers_since text,
        attempts integer not null, retry_at text, primary key (source, due_at)
    ) without rowid
    """,
    f"create index expected_open on expected (source, due_at) where {OPEN_RUNS}",
    "create index expected_by_backup on expected (backup_id)",
    """
    create table schedules (
        source text primary key not null, fields text, changed_by text not null, changed_at text not null,
        revision integer not null
    )
    """,
    """
    create table freezes (
        id integer primary key, person text not null, reason text not null, placed_at text not null,
        until text not null, lifted_at text, lifted_by text
    )
    """,
    """
    create table notices (
        seq integer primary key, kind text not null, about text not null, key text not null, at text not null,
        fields text not null, revision integer not null, unique (kind, about, key)
    )
    """,
    "create index notices_by_revision on notices (revision)",
    "create index notices_by_kind on notices (about, kind, seq)",
    f"create index downloads_open on downloads (expires_at, backup_id) where {OPEN_DOWNLOADS}",
    f"create index instances_made on instances (backup_id) where {MADE_INSTANCES}",
)


@MIGRATIONS()
def first_schema(db: Database) -> None:
    """Make the first tables."""
    db.execute(f"pragma application_id = {APPLICATION_ID}")
    for statement in (*_BACKUPS, *_RESTORES, *_RUNTIME, *_AUDIT):
        db.execute(statement)


@MIGRATIONS()
def time(db: Database) -> None:
    """Add what schedules, retention and notices need."""
    for statement in _TIME:
        db.execute(statement)


def require_known(db: Database, path: Path) -> None:
    """Let an empty file and a catalog of this version or an older one pass.

    Raises:
        ForeignCatalog: a database of something else.
        UnsupportedVersion: a newer Safehold has written it.

    """
    (application,) = db.execute("pragma application_id").fetchone()
    (tables,) = db.execute("select count(*) from sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise ForeignCatalog(
            f"The catalog {path} can't be read: it is a database of another program.",
            hint="Correct the catalog's path in the configuration. Nothing was changed.",
        )
    with closing(Database(memory=True, execute_plugins=False)) as empty:
        known = {migration.name for migration in MIGRATIONS.pending(empty)}
    unknown = sorted({migration.name for migration in MIGRATIONS.applied(db)} - known)
    if unknown:
        raise UnsupportedVersion(
            f"The catalog {path} was written by a newer Safehold (it has {', '.join(unknown)}).",
            hint="Use that version or a newer one. Nothing was changed.",
        )
