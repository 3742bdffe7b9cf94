"""Rows and values: how each field of a record is written in its column of the same name, and read back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from core.model.backup import Failure, Tier
from core.model.hold import Hold
from core.model.person import Door, Person, person_fields
from core.model.plan import RestorePlan
from core.model.progress import Step, Unit
from core.model.restore import Decision

Record = TypeVar("Record")

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A field's way into SQLite and back."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Table(Generic[Record]):
    """A table whose rows are values of one class: a column for each field. `key` is its primary key."""

    name: str
    key: str
    record: type[Record]
    columns: Mapping[str, Column]

    def row(self, record: Record) -> dict[str, Any]:
        """Return the row of a record."""
        return {name: column.encode(getattr(record, name)) for name, column in self.columns.items()}

    def value(self, row: Mapping[str, Any]) -> Record:
        """Return the record of a row."""
        return self.record(**{name: column.decode(row[name]) for name, column in self.columns.items()})

    def changed(self, changes: Mapping[str, object]) -> dict[str, Any]:
        """Return the columns of changed fields.

        Raises:
            TypeError: the record has no such field, or it is its key.

        """
        wrong = sorted(name for name in changes if name not in self.columns or name == self.key)
        if wrong:
            raise TypeError(f"{self.name} can't change {', '.join(wrong)}")
        return {name: self.columns[name].encode(value) for name, value in changes.items()}


def moment_text(value: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC with microseconds: texts of one width, which sort by time.

    Raises:
        ValueError: the time is naive.

    """
    if value.tzinfo is None:
        raise ValueError("times in the catalog are aware")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(value: object) -> str:
    """Return one JSON text for equal values, whatever the order of their keys."""
    return _ENCODER.encode(value)


def optional(column: Column) -> Column:
    """Return the column that also holds nothing, as NULL."""
    return Column(
        lambda value: None if value is None else column.encode(value),
        lambda stored: None if stored is None else column.decode(stored),
    )


def choice(kind: type[StrEnum]) -> Column:
    """Return the column of one word of an enumeration."""
    return Column(lambda value: kind(value).value, kind)


def person_of(fields: Mapping[str, str]) -> Person:
    """Return the person of stored fields."""
    return Person(fields["id"], fields["name"], Door(fields["door"]))


def _step(stored: str) -> Step:
    fields = json.loads(stored)
    return Step(fields["name"], fields["done"], fields["total"], Unit(fields["unit"]))


def _decision_fields(decision: Decision) -> dict[str, object]:
    return {
        "person": person_fields(decision.person),
        "approved": decision.approved,
        "reason": decision.reason,
        "decided_at": moment_text(decision.decided_at),
        "plan_hash": decision.plan_hash,
        "break_glass": decision.break_glass,
    }


def _decision(fields: Mapping[str, Any]) -> Decision:
    return Decision(
        person_of(fields["person"]),
        fields["approved"],
        fields["reason"],
        datetime.fromisoformat(fields["decided_at"]),
        fields["plan_hash"],
        fields["break_glass"],
    )


def _hold_fields(hold: Hold) -> dict[str, object]:
    return {
        "person": person_fields(hold.person),
        "reason": hold.reason,
        "placed_at": moment_text(hold.placed_at),
        "until": hold.until and moment_text(hold.until),
    }


def _hold(fields: Mapping[str, Any]) -> Hold:
    until = fields["until"]
    return Hold(
        person_of(fields["person"]),
        fields["reason"],
        datetime.fromisoformat(fields["placed_at"]),
        until and datetime.fromisoformat(until),
    )


PLAIN = Column(lambda value: value, lambda stored: stored)
FLAG = Column(int, bool)
MOMENT = Column(moment_text, datetime.fromisoformat)
DAY = Column(date.isoformat, date.fromisoformat)
JSON = Column(canonical, json.loads)
WORDS = Column(lambda value: canonical(list(value)), lambda stored: tuple(json.loads(stored)))
TIERS = Column(
    lambda value: canonical(sorted(Tier(tier).value for tier in value)),
    lambda stored: frozenset(Tier(tier) for tier in json.loads(stored)),
)
PERSON = Column(lambda value: canonical(person_fields(value)), lambda stored: person_of(json.loads(stored)))
STEP = Column(lambda value: canonical(asdict(value)), _step)
FAILURE = Column(lambda value: canonical(asdict(value)), lambda stored: Failure(**json.loads(stored)))
HOLD = Column(lambda value: canonical(_hold_fields(value)), lambda stored: _hold(json.loads(stored)))
PLAN = Column(lambda value: canonical(asdict(value)), lambda stored: RestorePlan(**json.loads(stored)))
DECISIONS = Column(
    lambda value: canonical([_decision_fields(decision) for decision in value]),
    lambda stored: tuple(_decision(fields) for fields in json.loads(stored)),
)
