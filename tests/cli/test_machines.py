"""What CI installs, and what the container image is made of."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.support.terminal import ROOT

APT = """#!/bin/sh
echo "$*" >> "{log}"
case "$*" in *openjdk-17*) echo "E: Unable to locate package" >&2; exit 100;; esac
"""
SUDO = """#!/bin/sh
shift
exec "$@"
"""


def test_ci_goes_on_where_a_package_is_unknown(tmp_path: Path) -> None:
    """A Debian without Java 17 gets 21, and everything else that is missing; the last line counts the tests."""
    programs, log = tmp_path / "bin", tmp_path / "apt.log"
    programs.mkdir()
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text("test:\n\t@echo '==== 7 passed in 0.12s ===='\n")
    for name, text in {"apt-get": APT.format(log=log), "sudo": SUDO, "java": "#!/bin/sh\nexit 1\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    argv = ["bash", str(tmp_path / ".ci" / "run")]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "==== 7 passed in 0.12s ===="
    installs = [line.split() for line in log.read_text().splitlines() if "install" in line]
    assert [line[-1] for line in installs][-2:] == ["openjdk-17-jre-headless", "openjdk-21-jre-headless"]
    assert all(len([word for word in line if not word.startswith("-")]) == len(["install", "one"]) for line in installs)
    assert "Installed: openjdk-21-jre-headless" in done.stdout


def test_the_image_holds_nothing_that_was_built_or_kept_here() -> None:
    """Whatever git ignores, the image's builder ignores, too; and the history."""
    ignored = {line.strip("*/ ") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    kept = {line.strip("*/ ") for line in (ROOT / ".gitignore").read_text().splitlines() if line.strip()}
    assert kept - ignored == set()
    assert ".git" in ignored


def test_the_image_keeps_its_state_in_its_volume() -> None:
    """Home and caches lie in the volume for any uid, and pid 1 passes signals on and collects what has ended."""
    text = (ROOT / "Dockerfile").read_text()
    volume = re.findall(r"^VOLUME (\S+)$", text, re.MULTILINE)[0]
    set_to = dict(re.findall(r"\b([A-Z_]+)=(/\S+)", text))
    assert set_to["HOME"] == volume
    assert set_to["XDG_CACHE_HOME"].startswith(f"{volume}/")
    assert re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE) == ['["tini", "--", "safehold"]']
