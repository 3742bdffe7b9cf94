"""A demo whose bot is killed: everything is started as `safehold demo` does it, and driven through Slack."""

import io
import json
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import psutil

from cli.demo.children import Child, Children
from cli.demo.layout import SOURCE, Layout, Ports
from cli.demo.stage import Stage
from cli.screen import Screen
from cli.session import NoGroups
from core.bootstrap import Core, build_core, load_config
from core.engines.janusgraph_berkeleyje.gremlin import ask
from core.model.instance import Instance, InstanceState
from core.model.naming import CATALOG_SOURCE
from core.model.progress import silent
from playground.desk import Desk
from tests.support.janus import free_port, java_or_skip
from tests.support.waiting import until

RUN_SECONDS = 240.0
CLICK_SECONDS = 30.0
KEY = """\
def m = graph.openManagement()
m.makePropertyKey('filling').dataType(String).make()
m.makeVertexLabel('filler').make()
m.commit()
'made'
"""
FILL = """\
def random = new Random({seed})
20.times {{
    def bytes = new byte[37500]
    random.nextBytes(bytes)
    g.addV('filler').property('filling', bytes.encodeBase64().toString()).iterate()
}}
g.tx().commit()
'filled'
"""
Message = dict[str, Any]


@dataclass(slots=True)
class Stricken:
    """What the torture works with. `core` only looks: it is never started, so it settles nothing."""

    stage: Stage
    desk: Desk
    core: Core

    @property
    def directory(self) -> Path:
        """Return the demo's folder."""
        return self.stage.layout.directory

    @property
    def bot(self) -> Child:
        """Return the bot's process."""
        return self.stage.children.running["bot"]

    def kill(self) -> None:
        """End the bot without a word, and wait until the process is gone."""
        bot = self.bot
        os.kill(bot.pid, signal.SIGKILL)
        until(lambda: not bot.alive, CLICK_SECONDS, "the bot is gone")

    def revive(self) -> None:
        """Start the bot again and wait until Slack can reach it."""
        self.stage.start_bot()
        self.wait_for_bot()

    def wait_for_bot(self) -> None:
        """Wait until the bot is connected to the workspace."""
        until(lambda: bool(self.desk.state()["connections"]), 90, f"the bot is connected, see {self.bot.log}")

    def fill(self, megabytes: int) -> None:
        """Let the source grow by so many megabytes that hardly compress, a megabyte a transaction."""
        ask(self.stage.endpoint, KEY, CLICK_SECONDS)
        for number in range(megabytes):
            ask(self.stage.endpoint, FILL.format(seed=number), CLICK_SECONDS)

    # What people do

    def back_up(self) -> str:
        """Type `/backups now gods`; return the backup's id as soon as it has one."""
        before = self.core.catalog.revision()
        self.desk.write("olga", f"/backups now {SOURCE}")
        return self._first(lambda: [b.id for b in self.core.changes(before).backups if b.state.open])

    def click(self) -> threading.Thread:
        """Type the same without waiting for an answer; the thread ends when Slack has one, or gives up."""
        return self._meanwhile(lambda: self.desk.write("olga", f"/backups now {SOURCE}"))

    def restore(self, backup: str) -> str:
        """Ask for a restore and have it approved; return its id once it is decided on."""
        restore = self.ask_restore(backup)
        self.approve(restore).join()
        find = self.core.catalog.restores.get
        until(lambda: find(restore).state.value != "waiting", CLICK_SECONDS, "the restore is decided on")
        return restore

    def ask_restore(self, backup: str) -> str:
        """Ask for a restore; return its id once it waits for approval and can be approved."""
        before = self.core.catalog.revision()
        self.press("olga", f"backup:{backup}", "restore")
        until(lambda: bool((self.desk.modal("olga") or {}).get("body", {}).get("submit")), CLICK_SECONDS, "the plan")
        view = self.desk.modal("olga")
        assert view is not None
        self.desk.submit("olga", view, {"reason": {"reason": f"torture {secrets.token_hex(3)}"}})
        restore = self._first(lambda: [r.id for r in self.core.changes(before).restores])
        self._offered(f"restore:{restore}", "approve", "request")
        return restore

    def approve(self, restore: str) -> threading.Thread:
        """Press Approve without waiting for an answer; the thread ends when Slack has one, or gives up."""
        return self._meanwhile(lambda: self.press("arne", f"restore:{restore}", "approve", slot="request"))

    def destroy(self, instance: Instance) -> None:
        """Press Destroy and wait until it is gone."""
        self.press("olga", f"restore:{instance.restore_id}", "destroy")
        look = self.core.catalog.instances.get
        until(lambda: look(instance.name).state is InstanceState.DESTROYED, 90, f"{instance.name} is destroyed")

    def press(self, person: str, subject: str, action: str, *, slot: str = "main") -> None:
        """Press a button of a message as soon as it is offered."""
        self._offered(subject, action, slot)
        self.desk.press(person, self.messages(subject, slot)[0], action)

    def settled(self, run: str, seconds: float = RUN_SECONDS) -> str:
        """Wait until a run has ended; return its state."""
        until(lambda: not self.record(run).state.open, seconds, f"{run} has ended")
        return str(self.record(run).state.value)

    def record(self, run: str) -> Any:
        """Return the record of a backup or a restore."""
        catalog = self.core.catalog
        return catalog.restores.get(run) if run.startswith("r-") else catalog.backups.get(run)

    def _offered(self, subject: str, action: str, slot: str) -> None:
        held = f'"action_id": "{action}"'
        until(lambda: any(held in json.dumps(m["blocks"]) for m in self.messages(subject, slot)), CLICK_SECONDS, held)

    def _meanwhile(self, act: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=act)
        thread.start()
        return thread

    def _first(self, look: Callable[[], list[str]]) -> str:
        until(lambda: bool(look()), CLICK_SECONDS, "it was recorded")
        return look()[0]

    # What stands

    def messages(self, subject: str, slot: str = "main") -> list[Message]:
        """Return the messages that show one slot of a subject, in any channel."""
        wanted = {"subject": subject, "slot": slot}
        held = self.desk.state()["messages"].values()
        return [
            message
            for messages in held
            for message in messages
            if not message["deleted"] and (message["metadata"] or {}).get("event_payload") == wanted
        ]

    def ready(self) -> list[Instance]:
        """Return the instances that are ready by the records."""
        return [i for i in self.core.catalog.instances.current() if i.state is InstanceState.READY]

    def processes(self) -> list[str]:
        """Return the command lines of what runs for this demo, but its children and ready instances."""
        known = {child.pid for child in self.stage.children.running.values()}
        folders = [str(self.directory / "instances" / instance.name) for instance in self.ready()]
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                ours = str(self.directory) in line and process.pid not in {*known, os.getpid()}
                if ours and not any(folder in line for folder in folders):
                    found.append(line)
        return found

    def listening(self) -> list[int]:
        """Return the ports that are open for this demo and should not be."""
        expected = set(astuple(self.stage.ports))
        expected |= {int(i.endpoint.rpartition(":")[2].partition("/")[0]) for i in self.ready()}
        found = []
        for connection in psutil.net_connections("tcp"):
            with suppress(psutil.Error):
                if connection.status == psutil.CONN_LISTEN and connection.pid:
                    line = " ".join(psutil.Process(connection.pid).cmdline())
                    port = connection.laddr.port
                    if str(self.directory) in line and port not in expected:
                        found.append(port)
        return found

    def leftovers(self) -> list[str]:
        """Return what lies about that belongs to no good backup and no ready instance."""
        root, found = self.directory, list[Path]()
        for folder in (root / "state" / "scratch", root / SOURCE / ".safehold-stage"):
            found += folder.iterdir() if folder.exists() else ()
        names = {instance.name for instance in self.ready()}
        found += [path for path in (root / "instances").iterdir() if path.is_dir() and path.name not in names]
        good = {backup.id for backup in self.good()}
        # Copies of the catalog are no backups: a finished one is meant to be there.
        good |= {path.parent.name for path in (root / "vault" / CATALOG_SOURCE).glob("*/manifest.json")}
        for shelf in (root / "vault").glob("*/*"):
            archives = {path.name for path in shelf.glob("*.tar.zst")}
            kept = {"manifest.json", *archives, *(f"{name}.sha256" for name in archives)}
            found += [path for path in shelf.iterdir() if path.name not in kept] if shelf.name in good else [shelf]
        return [str(path.relative_to(root)) for path in found]

    def answers(self, instance: Instance) -> bool:
        """Say whether an instance reads from its storage."""
        engine, provisioner = (
            self.core.adapters.engine(instance.engine),
            self.core.adapters.provisioner(instance.provisioner),
        )
        place = provisioner.place(instance.name)
        return place is not None and engine.answers(place)

    def good(self) -> list[Any]:
        """Return the backups that are good by the records, the newest first.

        One that retention let go still has all its bytes: they stay for a day.
        """
        backups = self.core.list_backups(SOURCE, size=500).backups
        return [b for b in backups if b.state.value in {"good", "expired"} and b.failure is None]

    def verify(self, backup: str) -> None:
        """Read every stored byte of a backup back.

        Raises:
            SafeholdError: it is not what was stored.

        """
        vault = self.core.adapters.vault("local")
        vault.verify(SOURCE, backup, vault.manifest(SOURCE, backup).archive, silent)


@contextmanager
def stricken_demo(directory: Path) -> Iterator[Stricken]:
    """Run everything while the block lasts, on ports of its own; then end it all, restored instances too."""
    java_or_skip()
    layout = Layout(directory)
    layout.make()
    said = io.StringIO()
    stage = Stage(layout, Ports(free_port(), free_port(), free_port()), Screen(err=said, out=said), _children(layout))
    try:
        stage.set_up()
        with Desk(stage.url) as desk:
            core = build_core(load_config(layout.config), role="command-line", groups=NoGroups())
            stricken = Stricken(stage, desk, core)
            stricken.wait_for_bot()
            try:
                yield stricken
            finally:
                for instance in core.catalog.instances.current():
                    core.adapters.provisioner(instance.provisioner).destroy(instance.name)
    finally:
        for name in ("bot", "workspace", SOURCE):
            stage.children.stop(name)


def _children(layout: Layout) -> Children:
    return Children(layout.running, layout.logs)
