"""A bot whose time passes when a test says so, and what it has told by then."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.model.backup import Backup, BackupState, Failure, Proof, Tier
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM
from tests.bot.conftest import ShiftedClock, World
from tests.bot.people import words

START = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
"""A Monday."""


@dataclass
class DrivenClock(ShiftedClock):
    """A clock that stands still between two steps of a test."""

    seconds: float = 0.0

    def now(self) -> datetime:
        """Return the time that the test let pass."""
        return START + timedelta(seconds=self.seconds) + self.shift

    def monotonic(self) -> float:
        """Return the seconds that the test let pass."""
        return self.seconds


@dataclass
class Driven:
    """A world and its clock."""

    world: World
    clock: DrivenClock

    def tick(self, seconds: float = 1.0, times: int = 1) -> None:
        """Let time pass, and let the board do its work after each step."""
        for _ in range(times):
            self.clock.seconds += seconds
            self.world.board.tick()

    def settle(self) -> None:
        """Let a few minutes pass, in which everything that can be told is told."""
        self.tick(times=10)
        self.tick(30.0, times=8)

    def tell(self, kind: NoticeKind, about: str = "", key: str = "", **fields: Any) -> Notice:
        """Record a notice now."""
        now = self.clock.now()
        told = self.world.core.catalog.notices.tell(Notice(kind, about, key or now.isoformat(), now, fields))
        assert told is not None
        return told

    def scheduled(self, state: BackupState, source: str = "orders", **more: Any) -> Backup:
        """Put on record what became of a scheduled run."""
        now, number = self.clock.now(), len(self.world.core.list_backups(None, size=100).backups)
        failed = state is not BackupState.GOOD
        why = Failure("source-unavailable", f"The source is down ({number}).", "Start it.", "ab12")
        backup = Backup(
            id=f"{now:%Y%m%dT%H%M%SZ}-{number:06x}",
            source=source,
            engine="sqlite",
            vault="local",
            tiers=frozenset({Tier.DAILY}),
            state=state,
            proof=Proof.NONE if failed else Proof.PROVEN,
            requested_by=SYSTEM,
            note="",
            requested_at=now,
            started_at=now,
            finished_at=now,
            size=0 if failed else 1_000_000,
            failure=why if failed else None,
            due_at=now,
        )
        return self.world.core.catalog.backups.adopt(replace(backup, **more))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return what stands in #backups."""
        return self.world.slack.messages.get("C0BACKUPS", [])

    @property
    def roots(self) -> list[dict[str, Any]]:
        """Return what stands in #backups and answers nothing."""
        return [message for message in self.messages if not message["thread_ts"]]

    def texts(self) -> list[str]:
        """Return what they say."""
        return [words(message["blocks"]) for message in self.roots]

    def subjects(self) -> list[str]:
        """Return what they are about, as their metadata say."""
        return [message["metadata"]["event_payload"]["subject"] for message in self.messages]


def driven(make_world: Callable[..., World], clock: DrivenClock | None = None, **more: Any) -> Driven:
    """Return a bot that does nothing until it is told to."""
    clock = clock or DrivenClock()
    world = make_world(board=False, clock=clock, **more)
    world.board.resume()
    return Driven(world, clock)
