"""What is offered to one person alone: the buttons that they may use, and of the others who may."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.access import RememberedGroups
from bot.blocks.parts import LONGEST, MESSAGE_BLOCKS, VIEW_BLOCKS, Json, context, text_in
from bot.blocks.text import holders
from bot.ids import Action
from core.bootstrap import Core
from core.errors import SafeholdError, UnknownName
from core.model.person import Person
from core.services.access import EVERYONE, Verb

NEEDS: Mapping[str, Verb] = {
    Action.BACK_UP_NOW: Verb.BACKUP,
    Action.RETRY: Verb.BACKUP,
    Action.DOWNLOAD: Verb.DOWNLOAD,
    Action.RESTORE: Verb.RESTORE,
    Action.VERIFY: Verb.VERIFY,
    Action.CANCEL: Verb.CANCEL,
    Action.KEEP: Verb.KEEP,
    Action.RELEASE: Verb.RETAIN,
    Action.THAW: Verb.RETAIN,
    Action.LET_GO: Verb.RETAIN,
    Action.CHANGE_SCHEDULE: Verb.RETAIN,
    Action.RESET_SCHEDULE: Verb.RETAIN,
    Action.EXTEND: Verb.DESTROY,
    Action.DESTROY: Verb.DESTROY,
}
"""What a button needs that is not about something of one's own. The click asks again, and freshly."""
OF_ONES_OWN: Mapping[str, Verb | None] = {
    Action.CANCEL: None,
    Action.RELEASE: Verb.KEEP,
    Action.EXTEND: None,
    Action.DESTROY: None,
}
"""What it needs where it is: nothing, or what placing it needed."""
RESTORES = "r-"
NAMED = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offers:
    """Takes out of what one person alone sees the buttons that would be refused. `groups` are asked to draw with."""

    core: Core
    groups: RememberedGroups

    def message(self, person: Person, blocks: Sequence[Json]) -> list[Json]:
        """Return a message as this person is to see it."""
        shown, left_out = self._parted(person, blocks)
        fits = len(shown) < MESSAGE_BLOCKS and text_in([*shown, *left_out]) <= LONGEST
        return [*shown, *left_out] if fits else shown

    def view(self, person: Person, view: Json, *, ask: bool = True) -> Json:
        """Return a modal or a dashboard as this person is to see it. Without `ask` Slack is not asked at all."""
        shown, left_out = self._parted(person, view["blocks"], ask=ask)
        return {**view, "blocks": [*shown, *left_out][:VIEW_BLOCKS]}

    def _parted(self, person: Person, blocks: Sequence[Json], *, ask: bool = True) -> tuple[list[Json], list[Json]]:
        reader = _Reader(self, person, asked=not ask)
        try:
            shown = [kept for block in blocks if (kept := reader.without_refused(block))]
        except SafeholdError as error:
            # To be shown a button too many is better than to be shown nothing.
            logger.info("every button is shown: %s", error)
            return list(blocks), []
        return shown, reader.who_may()


@dataclass(slots=True)
class _Reader:
    """One person looking at one view. Slack is asked once at most for it; what is not known then is shown."""

    offers: Offers
    person: Person
    asked: bool = False
    _may: dict[Verb, bool] = field(default_factory=dict)
    _lacks: dict[str, Verb] = field(default_factory=dict)

    def without_refused(self, block: Json) -> Json | None:
        """Return a block without buttons that would be refused, None where nothing is left of it."""
        if self._refused(block.get("accessory", {})):
            return {name: part for name, part in block.items() if name != "accessory"}
        if block["type"] != "actions":
            return block
        kept = [element for element in block["elements"] if not self._refused(element)]
        return {**block, "elements": kept} if kept else None

    def who_may(self) -> list[Json]:
        """Return who may do what was left out, one block at most."""
        labels: dict[tuple[str, ...], list[str]] = {}
        for label, verb in self._lacks.items():
            labels.setdefault(self.offers.core.access.allowed(verb), []).append(f"*{label}*")
        said = " ".join(_only(allowed, ", ".join(names)) for allowed, names in labels.items())
        return [context(said)] if said else []

    def _refused(self, element: Json) -> bool:
        verb = self._needs(str(element.get("action_id", "")), str(element.get("value", "")))
        if verb is None or self._allowed(verb):
            return False
        self._lacks.setdefault(element["text"]["text"], verb)
        return True

    def _needs(self, action: str, value: str) -> Verb | None:
        if action in OF_ONES_OWN and self._owner(action, value) == self.person.id:
            return OF_ONES_OWN[action]
        if action == Action.CANCEL and value.startswith(RESTORES):
            return Verb.APPROVE
        return NEEDS.get(action)

    def _owner(self, action: str, value: str) -> str:
        """Return whose that is which a button is about, "" where it is nobody's or gone."""
        catalog = self.offers.core.catalog
        try:
            if action in {Action.EXTEND, Action.DESTROY}:
                return catalog.instances.get(value.partition(" ")[0]).owner.id
            if value.startswith(RESTORES):
                return catalog.restores.get(value).requested_by.id
            backup = catalog.backups.get(value)
        except UnknownName:
            return ""
        if action == Action.CANCEL:
            return backup.requested_by.id
        return backup.hold.person.id if backup.hold else ""

    def _allowed(self, verb: Verb) -> bool:
        if verb not in self._may:
            self._may[verb] = self._among(self.offers.core.access.allowed(verb))
        return self._may[verb]

    def _among(self, entries: Iterable[str]) -> bool:
        entries = tuple(entries)
        if EVERYONE in entries or self.person.id in entries:
            return True
        unknown = False
        for group in (entry for entry in entries if entry.startswith("S")):
            members = self._members(group)
            if members is None:
                unknown = True
            elif self.person.id in members:
                return True
        return unknown

    def _members(self, group: str) -> frozenset[str] | None:
        groups = self.offers.groups
        if not groups.fresh(group):
            if self.asked:
                return None
            self.asked = True
        return groups.known(group)


def _only(allowed: Sequence[str], labels: str) -> str:
    more = f" and {len(allowed) - NAMED} more" if len(allowed) > NAMED else ""
    who = f"Only {holders(allowed[:NAMED])}{more} may" if allowed else "So far nobody may"
    return f"{who} press {labels}."
