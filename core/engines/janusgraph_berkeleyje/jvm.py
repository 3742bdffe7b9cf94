"""Run the Groovy programs in a JVM of their own, which ends when this process does."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engines.janusgraph_berkeleyje.place import LOGBACK, MEBIBYTE, write_properties
from core.errors import OperationError
from core.model.progress import Progress, Step, Unit
from core.runtime.process import run

SCRIPTS = Path(__file__).parent / "tool"
TIMEOUT_SECONDS = 12 * 3600.0
_MARK = "@safehold "


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
            OperationError: the program failed; the message holds why, the detail its output.

        """
        progress(Step("starting Java"))
        self._write(directory, settings, verify=verify)
        heard = _Heard(progress)
        completed = run(self._argv(script, directory), timeout=TIMEOUT_SECONDS, cwd=directory, on_line=heard.line)
        if heard.result is not None and completed.code == 0:
            return heard.result
        raise OperationError(heard.failure or f"its JVM ended with code {completed.code}", detail=completed.tail)

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
            "-XX:+UseG1GC",
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

    def line(self, text: str) -> None:
        if not text.startswith(_MARK):
            return
        said = json.loads(text.removeprefix(_MARK))
        if "result" in said:
            self.result = said["result"]
        elif "error" in said:
            self.failure = said["error"]["root"]
        else:
            self.progress(Step(said["step"], said["done"], said["total"], Unit.ITEMS))
