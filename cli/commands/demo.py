"""`demo`: everything on this machine, until Ctrl-C."""

import fcntl
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from shlex import quote

from cli import exits, words
from cli.demo.children import Children
from cli.demo.ending import Ending
from cli.demo.graph import Writer
from cli.demo.layout import HOST, SOURCE, Layout, Ports
from cli.demo.stage import Stage
from cli.screen import Screen
from cli.session import NoGroups, me
from core.bootstrap import Core, build_core, load_config
from core.errors import LeaseHeld, SafeholdError
from core.model.instance import InstanceState
from core.runtime.ports import Claims
from core.services.instances import destroy_run

USUAL_PORT = 8090
WATCH_SECONDS = 0.5
DESTROY_SECONDS = 60.0


def demo(given: Namespace, screen: Screen) -> int:
    """Set the demo up, show it until Ctrl-C, then take everything down again."""
    layout = Layout(given.directory.absolute())
    layout.make()
    ending = Ending()
    ending.listen()
    with _alone(layout), closing(Claims()) as claims:
        children = Children(layout.running, layout.logs, ending)
        for name in children.stop_leftovers():
            screen.remark(f"Stopped {name}, which an earlier demo had left running here.")
        stage = Stage(layout, _ports(given, screen, claims), screen, children)
        try:
            # Nested, so that a signal at any point between the two blocks still leads to the outer one.
            try:
                _show(stage, given)
            finally:
                ending.ignore()
        finally:
            _take_down(stage, given.ready_file)
    return exits.GOOD


def _show(stage: Stage, given: Namespace) -> None:
    started = stage.clock.monotonic()
    with suppress(KeyboardInterrupt):
        stage.set_up()
        writer = Writer(stage.endpoint)
        threading.Thread(target=writer.run, args=(stage.ended,), name="writer", daemon=True).start()
        stage.write_ready(given.ready_file)
        _introduce(stage, stage.clock.monotonic() - started)
        _watch(stage, given)


def _watch(stage: Stage, given: Namespace) -> None:
    """Watch until somebody asks to end: the bot is started again when it dies, the graph may stay down to be tried.

    Raises:
        UnavailableError: the workspace has ended.

    """
    while not stage.children.ending.asked:
        for child in tuple(stage.children.running.values()):
            if child.name == "workspace":
                child.require_alive()
            elif not child.alive and child.name == SOURCE:
                stage.children.stop(SOURCE)
                stage.screen.remark(f"JanusGraph {SOURCE} ended, its log: {child.log}")
                stage.screen.remark("The demo goes on without it; to have it back, press Ctrl-C and start again.")
            elif not child.alive:
                stage.screen.remark("The bot ended, so it is started again.")
                stage.start_bot()
                stage.write_ready(given.ready_file)
        stage.ended.wait(WATCH_SECONDS)


def _introduce(stage: Stage, seconds: float) -> None:
    command = f"{_shown(Path(sys.executable).with_name('safehold'))} --config {_shown(stage.layout.config)}"
    stage.screen.say(
        f"\nReady after {words.duration(seconds)}: open  {stage.url}/\n\n"
        f"  1. In #backups, as Olga (on call): type /backups, press Back up now, then Options on the new row.\n"
        f"  2. Restore, give a reason; as Arne (approver): open #backup-approvals, press Approve.\n"
        f"  3. Here, in a second terminal: {command} list\n\n"
        f"{SOURCE} is a real JanusGraph at {stage.endpoint}; a small writer commits to it every second.\n"
        "Ctrl-C stops everything that was started. What was backed up stays.",
        stage.ready(),
    )


def _shown(path: Path) -> str:
    """Return a path as one types it here: relative where it lies below this folder."""
    return quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def _take_down(stage: Stage, ready_file: Path | None) -> None:
    """Stop what was started, the last first; whatever goes wrong on the way, the rest is stopped all the same."""
    stage.ended.set()
    with ExitStack() as rest:
        rest.callback(stage.children.stop, SOURCE)
        rest.callback(stage.children.stop, "workspace")
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        _tell(stage, "\nStopping the bot, restored instances, the workspace and JanusGraph.")
        stage.children.stop("bot")
        destroyed = 0
        try:
            destroyed = _destroy_instances(stage)
        except SafeholdError as error:
            with suppress(OSError):
                stage.screen.failed(error)
    gone = f", {words.plural(destroyed, 'restored instance')} destroyed" if destroyed else ""
    _tell(stage, f"Everything is stopped{gone}. Start again with: {_command(stage.layout.directory)}")


def _command(directory: Path) -> str:
    """Return what starts the demo of this folder again."""
    usual = directory == Path(".demo").absolute()
    return "make demo" if usual else f'make demo ARGS="--directory {_shown(directory)}"'


def _tell(stage: Stage, text: str) -> None:
    """Say it where there is still somebody: a terminal that was closed can't be written to."""
    with suppress(OSError):
        stage.screen.remark(text)


def _destroy_instances(stage: Stage) -> int:
    """Destroy what was restored here; return how many."""
    if not (stage.layout.directory / "state" / "catalog.db").exists():
        return 0
    with build_core(load_config(stage.layout.config), role="command-line", groups=NoGroups()) as core:
        names = [i.name for i in core.catalog.instances.current() if _destroy(core, i.name)]
        for name in names:
            core.runner.wait(destroy_run(name), DESTROY_SECONDS)
        return sum(core.catalog.instances.get(name).state is InstanceState.DESTROYED for name in names)


def _destroy(core: Core, name: str) -> bool:
    with suppress(SafeholdError):
        core.destroy_instance(name, me())
        return True
    return False


def _ports(given: Namespace, screen: Screen, claims: Claims) -> Ports:
    """Return the usual ports, or three in a row from another one given; the next free ones where these are taken.

    JanusGraph listens some seconds later: a demo that is started meanwhile finds them claimed.
    """
    found: list[int] = []
    usual = (USUAL_PORT, 18182, 8484)
    chosen = usual if given.port == USUAL_PORT else tuple(range(given.port, given.port + 3))
    for what, wanted in zip(("workspace", f"JanusGraph {SOURCE}", "downloads"), chosen, strict=True):
        port = claims.claim(range(wanted, min(wanted + 100, 65_536)), HOST)
        if port != wanted:
            screen.remark(f"Port {wanted} is taken, so the {what} gets {port}.")
        found.append(port)
    return Ports(*found)


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    with layout.lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LeaseHeld(
                f"A demo runs in {layout.directory} already.", hint="Stop it with Ctrl-C, or name another --directory."
            ) from None
        yield
