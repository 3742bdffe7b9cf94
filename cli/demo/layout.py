"""Where the demo keeps its things, and the configuration it writes."""

import json
from dataclasses import dataclass
from pathlib import Path

from playground.ids import named_id

HOST = "127.0.0.1"
SOURCE = "gods"


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of a demo."""

    workspace: int
    graph: int
    downloads: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The demo's folder, absolute; everything but the caches of Java and JanusGraph is in it."""

    directory: Path

    @property
    def graph(self) -> Path:
        """Return the folder of the JanusGraph server: its files, its data, its index."""
        return self.directory / SOURCE

    @property
    def logs(self) -> Path:
        """Return the folder of what the started programs print."""
        return self.directory / "logs"

    @property
    def config(self) -> Path:
        """Return the configuration of the bot and the command line."""
        return self.directory / "safehold.toml"

    @property
    def workspace(self) -> Path:
        """Return the file that keeps the workspace's messages."""
        return self.directory / "workspace.json"

    @property
    def running(self) -> Path:
        """Return the record of what was started, for whoever has to stop it after a kill."""
        return self.directory / "running.json"

    @property
    def lock(self) -> Path:
        """Return the file that one demo at a time holds."""
        return self.directory / "lock"

    def make(self) -> None:
        """Make the folders, readable by this user alone."""
        for folder in (self.directory, self.graph, self.logs, *(self.directory / name for name in _FOLDERS)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write_config(self, ports: Ports) -> None:
        """Write safehold.toml for these ports; the people are those of the playground."""
        team = [named_id("U", "olga"), named_id("U", "arne")]
        approvers = [named_id("S", "dba")]
        text = _CONFIG.format(
            endpoint=_text(f"http://{HOST}:{ports.graph}"),
            directory=_text(str(self.graph / "je")),
            properties=_text(str(self.graph / "graph.properties")),
            vault=_text(str(self.directory / "vault")),
            instances=_text(str(self.directory / "instances")),
            state=_text(str(self.directory / "state")),
            catalog=_text(str(self.directory / "state" / "catalog.db")),
            port=ports.downloads,
            team=json.dumps(team),
            approvers=json.dumps(approvers),
        )
        self.config.write_text(text, encoding="utf-8")


_FOLDERS = ("vault", "instances", "state")

_CONFIG = """\
# Written anew by each start of the demo.
team = "Acme"

[sources.gods]
engine = "janusgraph-berkeleyje"
endpoint = {endpoint}
directory = {directory}
properties = {properties}

[vaults.local]
type = "directory"
path = {vault}

[provisioners.here]
type = "process"
directory = {instances}
memory = "512m"

[access]                 # Olga is on call, Arne is an approver, the third one is a guest
backup = {team}
download = {team}
restore = {team}
approve = {approvers}
destroy = {approvers}
retain = {approvers}

[slack]
channel = "#backups"
approvals_channel = "#backup-approvals"

[web]
port = {port}

[catalog]
path = {catalog}

[state]
directory = {state}
"""


def _text(value: str) -> str:
    """Return a TOML basic string, which JSON's is one of."""
    return json.dumps(value, ensure_ascii=False)
