"""Retention's rules, as values: what a policy keeps of the backups of one source."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

from core.model.backup import Tier
from core.model.span import Span, Unit

DEFAULT = "compose"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept; a backup stays as long as at least one rule keeps it. 0, None and () leave a rule out.

    `last`: the newest so many. `within`: everything younger than that. `newest_of`: the newest backup of each of the
    last so many hours, days, weeks, months or years that have one, by the calendar of `zone`. `spans`: how long those
    with a tier are kept. `on_demand`: the newest so many on-demand ones. `floor`: how many newest good backups stay
    whatever the other rules say, and with them always the newest that is proven.

    Raises:
        ValueError: it would keep nothing.

    """

    name: str
    last: int = 0
    within: Span | None = None
    newest_of: tuple[tuple[Unit, int], ...] = ()
    spans: tuple[tuple[Tier, Span], ...] = ()
    on_demand: int = 0
    floor: int = 1
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        """Refuse a policy that keeps nothing."""
        if self.floor < 1:
            raise ValueError("the floor is at least 1: the newest good backup stays")
        if not self.rules:
            raise ValueError("a policy has at least one rule beside its floor")

    @property
    def rules(self) -> tuple[str, ...]:
        """Return its rules in words, the floor last: `daily: 7 days`, `the most recent on-demand one`."""
        rules = [f"{tier}: {span}" for tier, span in self.spans]
        if self.on_demand:
            rules.append(self.on_demand_rule)
        if self.last:
            rules.append("the newest one" if self.last == 1 else f"the newest {self.last}")
        if self.within is not None:
            rules.append(f"all of the last {self.within}")
        rules += [f"the newest of the {unit}: {Span(count, unit)}" for unit, count in self.newest_of]
        if rules:
            rules.append(
                f"always the {self.floor} newest good ones" if self.floor > 1 else "always the newest good one"
            )
        return tuple(rules)

    @property
    def on_demand_rule(self) -> str:
        """Return which on-demand backups are kept, in words."""
        return "the most recent on-demand one" if self.on_demand == 1 else f"the {self.on_demand} newest on-demand ones"


COMPOSE = Policy(
    name=DEFAULT,
    spans=(
        (Tier.DAILY, Span(7, Unit.DAY)),
        (Tier.WEEKLY, Span(4, Unit.WEEK)),
        (Tier.MONTHLY, Span(3, Unit.MONTH)),
    ),
    on_demand=1,
)
"""The default, which nobody can change."""
