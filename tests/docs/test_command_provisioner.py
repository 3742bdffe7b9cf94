"""The Docker example of docs/command-provisioner.md does what the page asks of such a program."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ProvisionerFailed
from core.model.instance import InstanceState
from core.model.manifest import Manifest, StoredArchive
from core.model.place import Launch
from core.provisioners.command import CommandProvisioner

PAGE = (Path(__file__).parents[2] / "docs" / "command-provisioner.md").read_text("utf-8")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
MANIFEST = Manifest(
    backup_id="20261123T020000Z-7f3a1c",
    source="gods",
    engine="janusgraph-berkeleyje",
    tiers=(),
    requested_by="U1",
    requested_by_name="anna",
    door="slack",
    note="",
    requested_at=NOW,
    captured_at=NOW,
    verified_at=NOW,
    archive=StoredArchive("a", 1, "0" * 64, ()),
    versions={},
    facts={},
    timings={},
)
DOCKER = """\
#!/bin/sh
cd "$(dirname "$0")"
case "$1" in
  run) echo "$@" > ran; echo running > state;;
  ps) cat state 2>/dev/null; true;;
  rm) rm state;;
esac
"""


def test_the_docker_example_starts_tells_and_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a `docker` that remembers one container, the example passes from up to destroyed, and can be repeated."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "instance.py").write_text(example, "utf-8")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER, "utf-8")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(docker.parent), prepend=":")
    programs = {verb: (sys.executable, str(tmp_path / "instance.py"), verb) for verb in ("up", "down", "status")}
    provisioner = CommandProvisioner("docker", tmp_path / "instances", **programs)
    place = provisioner.reserve("one", port=True)
    argv = (
        "/opt/java",
        "-Xmx768m",
        "-cp",
        f"{place.directory}/conf:/jars/*",
        "Server",
        f"{place.directory}/server.yaml",
    )
    assert provisioner.start(place, Launch(argv), MANIFEST) == f"ws://127.0.0.1:{place.port}/gremlin"
    ran = (docker.parent / "ran").read_text()
    assert f"--volume {place.directory}:{place.directory} --volume /jars:/jars:ro" in ran
    assert ran.endswith(f"java {' '.join(argv[1:])}\n")
    assert provisioner.status("one") is InstanceState.READY
    (docker.parent / "state").write_text("exited\n")
    assert provisioner.status("one") is InstanceState.STOPPED
    provisioner.destroy("one")
    assert provisioner.status("one") is InstanceState.DESTROYED
    assert not (docker.parent / "state").exists()


def test_a_docker_that_fails_is_told(tmp_path: Path) -> None:
    """Without Docker the example fails with a code, and not with an answer."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "instance.py").write_text(example.replace('"docker"', '"no-docker-here"'), "utf-8")
    programs = {verb: (sys.executable, str(tmp_path / "instance.py"), verb) for verb in ("up", "down", "status")}
    provisioner = CommandProvisioner("docker", tmp_path / "instances", **programs)
    place = provisioner.reserve("one", port=True)
    with pytest.raises(ProvisionerFailed, match=r"ended with code 1: .*no-docker-here"):
        provisioner.start(place, Launch(("java", "-cp", "a:/jars/*", "Server")), MANIFEST)
