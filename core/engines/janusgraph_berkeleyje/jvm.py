"""Run the Groovy programs in a JVM of their own, which ends when this process does."""

import errno
import json
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engines.janusgraph_berkeleyje.place import LOGBACK, MEBIBYTE, write_properties
from core.errors import NotEnoughSpace, OperationError, UnavailableError
from core.model.progress import Progress, Step, Unit
from core.runtime.priority import gives_way
from core.runtime.process import Completed, run

SCRIPTS = Path(__file__).parent / "tool"
TIMEOUT_SECONDS = 12 * 3600.0
_MARK = "@safehold "
_BRISK = ("-XX:+UseG1GC",)
_CALM = ("-XX:+UseSerialGC", "-XX:ActiveProcessorCount=1")
"""One processor is enough for what reads a graph in one thread; its source, on the same machine, has the others."""
_NO_MEMORY = "OutOfMemoryError"


class DataFault(OperationError):
    """The program itself said that the data are at fault: everything else may be the machine's trouble."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A Java with JanusGraph's jars. `memory` is the heap of each run in bytes."""

    java: Path
    jars: Path
    memory: int

    def run(
        self, script: str, directory: Path, settings: Mapping[str, str], progress: Progress, *, verify: bool = True
    ) -> dict[str, Any]:
        """Run a program ("prove") on the graph that `settings` describe; its files go into `directory` and stay.

        `verify` asks for JE's own check first, 120 s a GB.

        Raises:
            DataFault: the program said a fault of the data; the message holds it, the detail all output.
            OperationError: it said another one, was killed, took too long or ended without a verdict.
            NotEnoughSpace, UnavailableError: it could not be started.

        """
        progress(Step("starting Java"))
        try:
            self._write(directory, settings, verify=verify)
        except OSError as error:
            raise _unwritten(directory, error) from error
        heard = _Heard(progress)
        completed = run(self._argv(script, directory), timeout=TIMEOUT_SECONDS, cwd=directory, on_line=heard.line)
        if heard.result is not None and completed.code == 0:
            return heard.result
        kind = DataFault if heard.of_data else OperationError
        raise kind(heard.failure or self._end(completed), detail=completed.tail)

    def _end(self, completed: Completed) -> str:
        """Say how a program ended that said nothing itself."""
        if _NO_MEMORY in completed.tail:
            return f"its JVM ran out of memory ({self.memory // MEBIBYTE} MiB)"
        if completed.code < 0:
            return f"its JVM was ended by {_signal(-completed.code)}"
        return f"its JVM ended with code {completed.code} and without a verdict"

    def _write(self, directory: Path, settings: Mapping[str, str], *, verify: bool) -> None:
        (directory / "conf").mkdir(parents=True, exist_ok=True)
        log = LOGBACK.replace("<encoder>", "<target>System.err</target><encoder>")
        (directory / "conf" / "logback.xml").write_text(log, "utf-8")
        # JE would take 65 % of the heap, of which reading, rebuilding and Lucene need their share.
        settings = {"storage.berkeleyje.cache-percentage": "40", **settings}
        write_properties(directory / "graph.properties", settings)
        job = {
            "directory": settings["storage.directory"],
            "properties": str(directory / "graph.properties"),
            "verify": verify,
        }
        (directory / "job.json").write_text(json.dumps(job), "utf-8")

    def _argv(self, script: str, directory: Path) -> tuple[str, ...]:
        return (
            str(self.java),
            f"-Xmx{self.memory // MEBIBYTE}m",
            *(_CALM if gives_way() else _BRISK),
            "-XX:+ExitOnOutOfMemoryError",  # JE and DbVerify would take it for a fault of what they read
            "-Xrs",  # TERM ends it at once: nothing it works on is kept
            f"-Djava.io.tmpdir={directory}",
            "-cp",
            f"{directory / 'conf'}:{SCRIPTS}:{self.jars}/*",
            "groovy.ui.GroovyMain",
            str(SCRIPTS / f"{script}.groovy"),
            str(directory / "job.json"),
        )


def remove_files(directory: Path) -> None:
    """Remove what a run put into its directory."""
    shutil.rmtree(directory, ignore_errors=True)


class _Heard:
    """What a program said so far: its steps go on to `progress`, the result or the failure are kept."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.result: dict[str, Any] | None = None
        self.failure = ""
        self.of_data = False

    def line(self, text: str) -> None:
        if not text.startswith(_MARK):
            return
        said = json.loads(text.removeprefix(_MARK))
        if "result" in said:
            self.result = said["result"]
        elif "error" in said:
            self.failure, self.of_data = said["error"]["root"], said["error"]["fault"] == "data"
        else:
            self.progress(Step(said["step"], said["done"], said["total"], Unit.ITEMS))


def _unwritten(directory: Path, error: OSError) -> UnavailableError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NotEnoughSpace(f"The disk of {directory} is full.", hint="Make room there, then try again.")
    return UnavailableError(
        f"{directory} can't be written: {error.strerror or error}.",
        hint="Let the user that Safehold runs as write there, then try again.",
        detail=str(error),
    )


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"{name}, as the system does when memory runs out" if name == "SIGKILL" else name
