"""Messages: which message in which channel shows which record, and what it last showed."""

from dataclasses import dataclass

from core.catalog.columns import PLAIN, Table
from core.catalog.file import CatalogFile, rows


@dataclass(frozen=True, slots=True)
class Message:
    """A message that shows a subject in one of its slots.

    `ts` is empty between the intention to post it and the answer. `digest` is of what it last showed, at `revision`.
    """

    subject: str
    slot: str
    channel: str
    ts: str
    revision: int
    digest: str


TABLE = Table(
    "messages",
    "subject",
    Message,
    dict.fromkeys(("subject", "slot", "channel", "ts", "revision", "digest"), PLAIN),
)


class Messages:
    """The messages that are kept up to date."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def get(self, subject: str, slot: str) -> Message | None:
        """Return the message of a subject's slot."""
        return self._one("select * from messages where subject = ? and slot = ?", subject, slot)

    def by_channel_ts(self, channel: str, ts: str) -> Message | None:
        """Return what a message shows, by where it stands."""
        return self._one("select * from messages where channel = ? and ts = ?", channel, ts)

    def intend(self, subject: str, slot: str, channel: str) -> bool:
        """Record that a message is about to be posted; False where one was before: look for it, don't post again."""
        with self._file.write() as db:
            cursor = db.execute(
                "insert into messages (subject, slot, channel, ts, revision, digest) values (?, ?, ?, '', 0, '') "
                "on conflict (subject, slot) do nothing",
                (subject, slot, channel),
            )
            return cursor.rowcount == 1

    def put(self, subject: str, slot: str, channel: str, ts: str, revision: int, digest: str) -> None:
        """Record where a message stands and what it shows."""
        with self._file.write() as db:
            db.execute(
                "insert or replace into messages (subject, slot, channel, ts, revision, digest) "
                "values (?, ?, ?, ?, ?, ?)",
                (subject, slot, channel, ts, revision, digest),
            )

    def _one(self, sql: str, *parameters: str) -> Message | None:
        with self._file.read() as db:
            found = rows(db, sql, parameters)
        return TABLE.value(found[0]) if found else None
