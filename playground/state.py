"""What stands in a workspace, kept in a file across restarts."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from playground.model import Json, Message, View
from playground.workspace import Workspace

SETTLE_SECONDS = 0.5


class State:
    """Write messages and Homes soon after they change; read them at the start."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        self._workspace, self._path = workspace, path
        self._planned = False
        workspace.watchers.append(self._plan)

    def load(self) -> None:
        """Read the file where there is one. Raises ValueError where it can't be read."""
        if not self._path.exists():
            return
        workspace = self._workspace
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            for key, messages in held["messages"].items():
                if key in workspace.channels:
                    workspace.messages[key] = [Message(**message) for message in messages]
            workspace.cards.homes.update({key: View(**view) for key, view in held["homes"].items()})
            for key, read in held["read"].items():
                if key in workspace.channels:
                    workspace.channels[key].last_read = read
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self._path} is not a playground's state") from error

    def save(self) -> None:
        """Write the file in one step, so that a crash leaves the old one or the new one."""
        workspace = self._workspace
        held: Json = {
            "messages": {key: [asdict(m) for m in messages] for key, messages in workspace.messages.items()},
            "homes": {key: asdict(view) for key, view in workspace.cards.homes.items()},
            "read": {key: channel.last_read for key, channel in workspace.channels.items()},
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text(json.dumps(held), encoding="utf-8")
        fresh.replace(self._path)

    def _plan(self, _news: Json) -> None:
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._do)

    def _do(self) -> None:
        self._planned = False
        self.save()
