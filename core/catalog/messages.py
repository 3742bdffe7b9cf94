"""Messages: which message in which channel shows which record, and what it last showed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.catalog.columns import PLAIN, Table
from core.catalog.file import CatalogFile, rows

FOLDED = "in "


@dataclass(frozen=True, slots=True)
class Message:
    """A message that shows a subject in one of its slots.

    `ts` is empty between the intention to post it and the answer. `digest` is of what it last showed, at `revision`; of
    a subject that another one's message tells of, it names that one.
    """

    subject: str
    slot: str
    channel: str
    ts: str
    revision: int
    digest: str

    @property
    def host(self) -> str:
        """Return the subject in whose message this one was folded, "" where it has its own."""
        return self.digest.removeprefix(FOLDED) if self.digest.startswith(FOLDED) else ""


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
        return self._one("select * from messages where channel = ? and ts = ? and digest not like 'in %'", channel, ts)

    def folded(self, message: Message) -> tuple[str, ...]:
        """Return the subjects that were folded into a message."""
        sql = "select subject from messages where channel = ? and ts = ? and digest = ? order by subject"
        with self._file.read() as db:
            found = db.execute(sql, (message.channel, message.ts, FOLDED + message.subject)).fetchall()
        return tuple(str(row[0]) for row in found)

    def intend(self, subject: str, slot: str, channel: str, folded: Sequence[str] = ()) -> bool:
        """Record that a message is about to be posted; False where one was before: look for it, don't post again.

        `folded` are further subjects that it tells of.
        """
        sql = (
            "insert into messages (subject, slot, channel, ts, revision, digest) values (?, ?, ?, '', 0, ?) "
            "on conflict (subject, slot) do nothing"
        )
        with self._file.write() as db:
            fresh = db.execute(sql, (subject, slot, channel, "")).rowcount == 1
            if fresh:
                for one in folded:
                    db.execute(sql, (one, slot, channel, FOLDED + subject))
        return fresh

    def withdraw(self, subject: str, slot: str, channel: str) -> None:
        """Take an intention back: it is known that nothing was posted. What was posted stays."""
        with self._file.write() as db:
            db.execute("delete from messages where subject = ? and slot = ? and ts = ''", (subject, slot))
            told = "delete from messages where channel = ? and ts = '' and digest = ?"
            db.execute(told, (channel, FOLDED + subject))

    def put(self, message: Message, folded: Sequence[str] = ()) -> None:
        """Record where a message stands and what it shows, with the subjects that are folded into it."""
        told = [replace(message, subject=one, digest=FOLDED + message.subject) for one in folded]
        sql = "insert or replace into messages (subject, slot, channel, ts, revision, digest) values (?, ?, ?, ?, ?, ?)"
        with self._file.write() as db:
            for one in (message, *told):
                db.execute(sql, (one.subject, one.slot, one.channel, one.ts, one.revision, one.digest))

    def _one(self, sql: str, *parameters: str) -> Message | None:
        with self._file.read() as db:
            found = rows(db, sql, parameters)
        return TABLE.value(found[0]) if found else None
