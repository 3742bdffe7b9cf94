"""docs/restore-without-safehold.md, followed to the letter by a shell that has nothing of Safehold."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from core.bootstrap import Core
from core.engines.janusgraph_berkeleyje.jars import fetch_jars
from core.engines.janusgraph_berkeleyje.java import find_java
from tests.support.janus import CACHE, free_port
from tests.support.waiting import until
from tests.support.world import ANNA

pytestmark = [pytest.mark.java, pytest.mark.long]
PAGE = Path(__file__).parents[2] / "docs" / "restore-without-safehold.md"
BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_page_alone_brings_an_archive_up_as_a_janusgraph(graph_core: Core, tmp_path: Path) -> None:
    """Every command of the page works in order, and the counts are those of the manifest."""
    require_programs("tar", "zstd", "sha256sum", "curl")
    backup = graph_core.create_backup("gods", ANNA).backup
    assert graph_core.runner.wait(backup.id, 180)
    archive = next((tmp_path / "vault").rglob("*.tar.zst"))
    work, janusgraph = tmp_path / "by-hand", tmp_path / "janusgraph"
    work.mkdir()
    janusgraph.mkdir()
    (janusgraph / "lib").symlink_to(fetch_jars(CACHE))
    environment = {
        "PATH": f"{find_java().parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "ARCHIVE": str(archive),
        "WORK": str(work),
        "JANUSGRAPH": str(janusgraph),
        "PORT": str(free_port()),
    }
    try:
        said = [follow(block, environment) for block in BLOCKS.findall(PAGE.read_text())]
    finally:
        stop(work / "server.pid")
    manifest = json.loads((archive.parent / "manifest.json").read_text())
    assert ": OK" in said[0]
    vertices, edges = values(json.loads(said[-1])["result"]["data"])
    assert {"vertices": vertices, "edges": edges} == manifest["proof"]["counts"]
    assert values(json.loads(said[-2])["result"]["data"]) == ["vertices", "edges"]


def require_programs(*names: str) -> None:
    """Let the test go on where the page's programs are there; skip loudly, or fail where CI=true."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing and os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"CI has to follow the page, and lacks {missing}")
    if missing:
        pytest.skip(f"THE PAGE FOR RESTORING BY HAND WAS NOT FOLLOWED: {missing} are not installed")


def follow(block: str, environment: dict[str, str]) -> str:
    """Run one block of the page as a person would paste it."""
    done = subprocess.run(
        ["/bin/bash", "-euc", block], env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def values(graphson: object) -> object:
    """Return plain values for GraphSON 3 lists, maps and numbers (TinkerPop 3.7, IO reference)."""
    if not isinstance(graphson, dict):
        return graphson
    inner = graphson["@value"]
    if graphson["@type"] == "g:Map":
        return {values(key): values(value) for key, value in zip(inner[::2], inner[1::2], strict=True)}
    if graphson["@type"] == "g:List":
        return [values(each) for each in inner]
    return inner


def stop(pid_file: Path) -> None:
    """End the server that the page started."""
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGTERM)
    until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not _command(pid), 30, "the server ended")


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
