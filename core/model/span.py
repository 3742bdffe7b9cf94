"""A length of time as people give it: 36 hours, 7 days, 4 weeks, 3 months, 2 years."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Unit(StrEnum):
    """What a span is counted in."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_LENGTH = {
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: timedelta(days=1),
    Unit.WEEK: timedelta(weeks=1),
    Unit.MONTH: timedelta(days=30),
    Unit.YEAR: timedelta(days=365),
}


@dataclass(frozen=True, slots=True)
class Span:
    """So many units. Hours, days and weeks are exact; months and years are those of the UTC calendar."""

    count: int
    unit: Unit

    def after(self, moment: datetime) -> datetime:
        """Return the end of the span that begins at a moment.

        Where the month has no such day, it is the beginning of the next month: 30 November and three months are
        1 March. So a span is never shorter than it says, and a later beginning never has an earlier end.
        """
        if self.unit not in {Unit.MONTH, Unit.YEAR}:
            return moment + self.count * _LENGTH[self.unit]
        months = moment.year * 12 + moment.month - 1 + self.count * (12 if self.unit is Unit.YEAR else 1)
        year, month = divmod(months, 12)
        try:
            return moment.replace(year=year, month=month + 1)
        except ValueError:
            year, month = divmod(months + 1, 12)
            return datetime(year, month + 1, 1, tzinfo=moment.tzinfo or UTC)

    @property
    def about(self) -> timedelta:
        """Return its length, with 30 days a month and 365 a year."""
        return self.count * _LENGTH[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"
