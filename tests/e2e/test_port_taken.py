"""Another program takes the port of an instance between its choice and its first use, on a real JanusGraph."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.bootstrap import Core
from core.model.instance import Instance, InstanceState
from core.model.restore import Restore, RestoreState
from core.provisioners.folders import Folders, Record
from core.runtime.process import find
from tests.support.janus import Janus
from tests.support.world import ANNA, BEN

pytestmark = [pytest.mark.java, pytest.mark.long, pytest.mark.timeout(600)]
Moment = Callable[[Record], bool]


def reserved(_: Record) -> bool:
    """Say that the port was chosen."""
    return True


def started(record: Record) -> bool:
    """Say that its server was started; it listens some seconds later."""
    return record.pid > 0


@dataclass
class Stranger:
    """Takes one port after another that an instance is given, each at a moment of its own; `took` holds them."""

    folders: Folders
    name: str
    moments: tuple[Moment, ...]
    took: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Follow the instance's record until stopped."""
        with ExitStack() as servers:
            while not self.stop.wait(0.005):
                record = self.folders.record(self.name)
                if record is None or record.port in self.took or len(self.took) == len(self.moments):
                    continue
                if self.moments[len(self.took)](record):
                    servers.enter_context(socket.create_server((record.host, record.port)))
                    self.took.append(record.port)


@contextmanager
def stranger(core: Core, name: str, *moments: Moment) -> Iterator[Stranger]:
    """Let a stranger be about while the block lasts."""
    at_work = Stranger(Folders(instances(core)), name, moments)
    thread = threading.Thread(target=at_work.run)
    thread.start()
    try:
        yield at_work
    finally:
        at_work.stop.set()
        thread.join()


def instances(core: Core) -> Path:
    """Return where instances are made."""
    return Path(core.config.provisioners["here"].options["directory"])


def asked(core: Core) -> Restore:
    """Ask for a restore of a new backup."""
    backup = core.create_backup("gods", ANNA).backup
    assert core.runner.wait(backup.id, 180)
    return core.request_restore(core.plan_restore(backup.id, ANNA), "test", ANNA)


def ended(core: Core, restore: Restore) -> tuple[Restore, Instance]:
    """Approve it and wait for its end."""
    core.decide_restore(restore.id, BEN, approve=True, plan_hash=restore.plan_hash)
    assert core.runner.wait(restore.id, 400)
    return core.catalog.restores.get(restore.id), core.catalog.instances.get(restore.plan.instance)


def test_a_restore_whose_port_is_taken_goes_to_another(graph_core: Core, gods: Janus) -> None:
    """Before its start or after it, the port it lost is the stranger's, and the instance is ready on a third one."""
    restore = asked(graph_core)
    with stranger(graph_core, restore.plan.instance, reserved, started) as taking:
        restored, instance = ended(graph_core, restore)
        assert (restored.state, restored.failure) == (RestoreState.READY, None)
        assert (instance.state, instance.fingerprint_equal) == (InstanceState.READY, True)
        assert len(set(taking.took)) == 2
        assert not any(f":{port}/" in instance.endpoint for port in taking.took)
        assert len(find(str(instances(graph_core) / instance.name))) == 1
    graph_core.destroy_instance(instance.name, ANNA)
    assert graph_core.runner.wait(f"destroy:{instance.name}", 60)
    assert [path for path in instances(graph_core).iterdir() if path.is_dir()] == []


def test_a_restore_that_loses_every_port_ends_and_leaves_nothing(graph_core: Core, gods: Janus) -> None:
    """After three others it says which port was taken last; no process and no folder stays."""
    restore = asked(graph_core)
    with stranger(graph_core, restore.plan.instance, *[reserved] * 4) as taking:
        restored, instance = ended(graph_core, restore)
        assert len(set(taking.took)) == 4
    assert (restored.state, instance.state) == (RestoreState.FAILED, InstanceState.FAILED)
    assert restored.failure is not None
    assert restored.failure.code == "port-in-use"
    assert f"port {taking.took[-1]}" in restored.failure.message
    assert [path for path in instances(graph_core).iterdir() if path.is_dir()] == []
    assert find(str(instances(graph_core))) == ()
