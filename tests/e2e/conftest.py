"""A running JanusGraph with the Graph of the Gods, and a Safehold configured for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.bootstrap import SHAPES, Core, build_core
from core.config import read_config
from tests.support.janus import GODS, Janus, janus_server
from tests.support.world import FixedGroups, MovableClock

TOML = """
[state]
directory = "{root}/state"
[catalog]
path = "{root}/state/catalog.db"
[sources.gods]
engine = "janusgraph-berkeleyje"
endpoint = "{endpoint}"
directory = "{data}"
[vaults.local]
type = "directory"
path = "{root}/vault"
[provisioners.here]
type = "process"
directory = "{root}/instances"
ports = "18500-18599"
[access]
backup = ["U0ANNA"]
download = ["U0ANNA"]
restore = ["U0ANNA"]
approve = ["S0DBA"]
destroy = []
"""


@pytest.fixture(scope="module")
def gods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Janus]:
    """Return a server of the Graph of the Gods, shared by the tests of a file."""
    with janus_server(tmp_path_factory.mktemp("gods"), "gods", {}) as server:
        server.run(GODS)
        yield server


@pytest.fixture
def graph_core(tmp_path: Path, gods: Janus) -> Iterator[Core]:
    """Return a started core that protects it."""
    (tmp_path / "vault").mkdir()
    path = tmp_path / "safehold.toml"
    path.write_text(TOML.format(root=tmp_path, endpoint=gods.endpoint, data=gods.data))
    core = build_core(read_config(path, SHAPES), role="bot", groups=FixedGroups(), clock=MovableClock())
    with core:
        yield core
