"""Views: each person's stack of modals and App Home, with the hash that guards an update."""

import secrets
from collections.abc import Callable

from playground.errors import SlackError
from playground.ids import fresh_id
from playground.model import Json, View

STACK_LIMIT = 3  # one opened modal and two pushed ones


class Cards:
    """Keep what is open for whom; `tell` hears of every change."""

    def __init__(self, tell: Callable[[Json], None]) -> None:
        self._tell = tell
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def open(self, person: str, body: Json) -> View:
        """Open a modal in place of whatever stack the person had."""
        self._refuse_taken(body)
        view = self._new("modal", person, body)
        self.stacks[person] = [view]
        return self._told(view)

    def push(self, person: str, body: Json) -> View:
        """Lay a modal on the person's stack. Raises push_limit_reached, not_found."""
        stack = self.stacks.get(person, [])
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK_LIMIT:
            raise SlackError("push_limit_reached")
        self._refuse_taken(body)
        view = self._new("modal", person, body)
        view.root, view.previous = stack[0].id, stack[-1].id
        stack.append(view)
        return self._told(view)

    def publish(self, person: str, body: Json, expected_hash: str) -> View:
        """Set a person's App Home. Raises hash_conflict."""
        old = self.homes.get(person)
        if expected_hash and old and old.hash != expected_hash:
            raise SlackError("hash_conflict")
        view = self._new("home", person, body)
        if old:
            view.id = view.root = old.id
            view.revision = old.revision + 1
        self.homes[person] = view
        return self._told(view)

    def update(self, view: View, body: Json, expected_hash: str = "") -> View:
        """Change an open modal in place. Raises hash_conflict."""
        if expected_hash and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        view.body, view.hash, view.errors = body, _fresh_hash(), {}
        view.revision += 1
        return self._told(view)

    def refuse(self, view: View, errors: dict[str, str]) -> None:
        """Show errors under the inputs of a modal that was submitted."""
        view.errors = errors
        view.revision += 1
        self._told(view)

    def find(self, view_id: str, external_id: str = "") -> View:
        """Return an open view or a home. Raises not_found."""
        for view in [*self.homes.values(), *(view for stack in self.stacks.values() for view in stack)]:
            if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def top(self, person: str) -> View | None:
        """Return the modal that a person sees, if any."""
        stack = self.stacks.get(person)
        return stack[-1] if stack else None

    def close(self, view: View) -> None:
        """Take one modal away; the one under it shows again."""
        stack = self.stacks.get(view.person, [])
        if view in stack:
            stack.remove(view)
            self._told(view)

    def clear(self, person: str) -> list[View]:
        """Take all modals of a person away; return them, the topmost first."""
        gone = list(reversed(self.stacks.pop(person, [])))
        if gone:
            self._told(gone[0])
        return gone

    def _refuse_taken(self, body: Json) -> None:
        external = body.get("external_id")
        if external and any(v.body.get("external_id") == external for s in self.stacks.values() for v in s):
            raise SlackError("duplicate_external_id")

    def _new(self, kind: str, person: str, body: Json) -> View:
        key = fresh_id("V")
        return View(key, kind, person, body, _fresh_hash(), root=key)

    def _told(self, view: View) -> View:
        self._tell({"kind": view.kind, "person": view.person})
        return view


def _fresh_hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_urlsafe(6)}"
