"""What a list shows at this moment, for who looks at it and for what draws it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.blocks.keeping import KEEPABLE, Keeping
from bot.blocks.listing import Frame, ListPlace, listing
from bot.blocks.parts import Json
from core.bootstrap import Core
from core.model.backup import Backup
from core.model.freeze import Freeze
from core.model.verdict import Verdict
from core.services.hold_back import HoldBack

MOST_ASKED = 1_000
"""Of a source that stores more, a list does not say how long each is kept; *Why kept* does."""


@dataclass(frozen=True, slots=True)
class Row:
    """What changes in a row: the step of what is under way; where nothing is, None and what became of it."""

    step: str | None
    ended: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A list as it stood `at` a time, and at a revision or later, with its rows by id and the freeze it names."""

    blocks: list[Json]
    place: ListPlace
    rows: Mapping[str, Row]
    revision: int
    at: datetime
    freeze: Freeze | None


def draw_list(core: Core, place: ListPlace, news: str = "", *, follows: bool = False) -> Drawing:
    """Return a list as it stands now. `news` is markup, `follows` says whether it is drawn again by itself."""
    revision, now = core.catalog.revision(), core.clock.now()
    page = core.list_backups(
        place.source or None, older_than=place.older_than, newer_than=place.newer_than, first=place.first
    )
    if not page.backups and page.total:
        # The page the button led to has gone: begin at the top.
        place = replace(place, older_than="", newer_than="", first=1)
        page = core.list_backups(place.source or None)
    shown = core.browse.status(place.source) if place.source else None
    due = core.time.schedules.next_due(place.source) if place.source else None
    keeping = keeping_of(core, page.backups)
    frame = Frame(tuple(core.config.sources), shown, now, news, keeping, due, follows=follows)
    rows = {backup.id: row_of(backup) for backup in page.backups}
    return Drawing(listing(page, place, frame), place, rows, revision, now, keeping.freeze)


def row_of(backup: Backup) -> Row:
    """Return what of a backup's row changes."""
    if backup.step is not None:
        return Row(backup.step.name)
    if backup.state.open:
        return Row("")
    return Row(None, (backup.state, backup.verified_at, backup.proven_at, backup.hold, backup.warning))


def keeping_of(core: Core, shown: Sequence[Backup]) -> Keeping:
    """Return what retention says of the backups of a page.

    Sources that store very many are not asked in passing: a page costs what a page costs.
    """
    retention = core.time.retention
    found: dict[str, Verdict] = {}
    for source in {backup.source for backup in shown if backup.state in KEEPABLE}:
        if not core.catalog.retained.stores_more_than(source, MOST_ASKED):
            found |= {key: verdict for key, (_, verdict) in retention.verdicts(source).items()}
    held = frozenset(name for name in {one.source for one in shown} if HoldBack(core.catalog).waiting(name))
    return Keeping(found, retention.grace_seconds, retention.freeze(), held, core.clock.now())
