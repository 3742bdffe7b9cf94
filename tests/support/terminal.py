"""A workplace with a small SQLite source, and a terminal in which `safehold` is typed."""

import json
import os
import pwd
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.__main__ import main

ROOT = Path(__file__).parents[2]
APPROVER, STRANGER = "daemon", "nobody"
"""Logins of every Unix: the first may approve by CONFIG, the second may not."""
ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")

CONFIG = """\
[sources.orders]
engine = "sqlite"
path = "orders.db"

[vaults.local]
type = "directory"
path = "vault"

[provisioners.here]
type = "process"
directory = "instances"

[access]
approve = ["os:daemon", "U0ARNE"]

[catalog]
path = "state/catalog.db"

[state]
directory = "state"
"""


@dataclass(frozen=True)
class Outcome:
    """What a command returned and printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return stdout as the one JSON document that it has to be."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Workplace:
    """A folder with a configuration, a source, and everything that Safehold makes."""

    folder: Path

    @property
    def config(self) -> Path:
        """Return the configuration's path."""
        return self.folder / "safehold.toml"

    def fill(self, rows: int) -> None:
        """Add rows to the source."""
        with sqlite3.connect(self.folder / "orders.db") as connection:
            connection.execute("create table if not exists album (title text)")
            connection.executemany("insert into album values (?)", [(f"album {n}",) for n in range(rows)])
        connection.close()

    def start(self, *words: str, **settings: Any) -> "subprocess.Popen[str]":
        """Start `safehold` as a process of its own."""
        argv = [sys.executable, "-m", "cli", "--config", str(self.config), *words]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **settings.pop("env", {})}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **settings}
        return subprocess.Popen(argv, cwd=self.folder, env=env, text=True, **streams)

    def typed(self, *words: str, **settings: Any) -> Outcome:
        """Run `safehold` as a process of its own, to its end."""
        process = self.start(*words, **settings)
        out, err = process.communicate(timeout=120)
        return Outcome(process.returncode, out or "", err or "")


@contextmanager
def _acting_as(login: str) -> Iterator[None]:
    """Be another login of this machine, really; only root can, so others skip the rest of the test."""
    if not login:
        yield
        return
    if os.geteuid() != 0:
        pytest.skip(f"NOT TESTED: only root can act as {login}, so what other people may do is not looked at")
    # The rights stay: which files Safehold may read is another question.
    os.setreuid(pwd.getpwnam(login).pw_uid, 0)
    try:
        yield
    finally:
        os.setreuid(0, 0)


@dataclass(frozen=True)
class Terminal:
    """Runs `safehold` in this process: quicker, and its lines count as covered."""

    workplace: Workplace
    capture: pytest.CaptureFixture[str]
    environment: pytest.MonkeyPatch

    def __call__(self, *words: str, login: str = "") -> Outcome:
        """Return what a command prints for the person with this login ("": whoever runs the tests)."""
        self.capture.readouterr()
        with _acting_as(login):
            code = main(["--config", str(self.workplace.config), *words])
        printed = self.capture.readouterr()
        return Outcome(code, printed.out, printed.err)

    def json(self, *words: str, login: str = "") -> dict[str, Any]:
        """Return the document that a command prints."""
        return self(*words, "--json", login=login).document

    def backup(self) -> str:
        """Take a backup and return its id."""
        return str(self.json("now")["backup"]["id"])
