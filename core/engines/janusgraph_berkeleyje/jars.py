"""Fetch the jars of JanusGraph once, check them against our own lock, and reuse them offline."""

import fcntl
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as remembered
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape

from core.errors import JarsMissing
from core.model.progress import Progress, Step, Unit, silent
from core.runtime.process import run

VERSION = "1.1.0"
"""The JanusGraph that the lock names, with TinkerPop 3.7.3, Berkeley JE 18.3.12 and Lucene 8.11.3."""

STEP = "fetching JanusGraph"
_MARKER = "complete"
_ATTEMPTS = 3
_DOWNLOADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: Maven coordinates ("" for no classifier) and the file's SHA-256."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def name(self) -> str:
        """Return the file name in Maven's form."""
        return "-".join(filter(None, (self.artifact, self.version, self.classifier))) + ".jar"


def fetch_jars(cache: Path, progress: Progress = silent) -> Path:
    """Return the directory that holds every jar; fetch what is missing (72 MB, 20 s). Step: STEP, in jars.

    Safe for several processes at once: the others wait for the first. Nothing is asked of the network when the
    directory is complete.

    Raises:
        JarsMissing: a jar could not be fetched, or is not the one that the lock names.

    """
    directory = cache / f"janusgraph-{VERSION}"
    if _complete(directory):
        return directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _only_one(directory, progress):
            if not _complete(directory):
                _fill(directory, progress)
    except OSError as error:
        raise JarsMissing(
            f"The jars of JanusGraph can't be kept in {directory}: {error.strerror or error}.",
            hint="Make that directory writable, with 150 MB free, then try again.",
        ) from error
    return directory


def jars_present(cache: Path) -> bool:
    """Say whether the jars are there already; asks nothing of the network."""
    return _complete(cache / f"janusgraph-{VERSION}")


@remembered
def _lock() -> tuple[Jar, ...]:
    lines = files(__package__).joinpath("jars.lock").read_text("utf-8").splitlines()
    parts = (line.split() for line in lines if line and not line.startswith("#"))
    return tuple(Jar(g, a, v, "" if c == "-" else c, sha) for g, a, v, c, sha in parts)


def _mark(directory: Path) -> str:
    """Return what the marker of a complete directory says: the lock's digest and the bytes of all jars."""
    digest = hashlib.sha256("".join(jar.sha256 for jar in _lock()).encode()).hexdigest()
    return f"{digest} {sum((directory / jar.name).stat().st_size for jar in _lock())}\n"


def _complete(directory: Path) -> bool:
    try:
        return (directory / _MARKER).read_text("utf-8") == _mark(directory)
    except OSError:
        return False


@contextmanager
def _only_one(directory: Path, progress: Progress) -> Iterator[None]:
    """Hold the directory's lock; it falls with the process that holds it."""
    with (directory / "lock").open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                progress(Step(STEP, 0, len(_lock()), Unit.ITEMS))
                time.sleep(0.2)
        yield


def _fill(directory: Path, progress: Progress) -> None:
    for leftover in directory.glob("fetching-*"):
        shutil.rmtree(leftover)
    missing = [jar for jar in _lock() if _sha256(directory / jar.name) != jar.sha256]
    scratch = Path(tempfile.mkdtemp(prefix="fetching-", dir=directory))
    try:
        try:
            _download(missing, scratch, directory, progress)
        except JarsMissing as failed:
            _copy_with_maven(missing, scratch, directory, failed)
    finally:
        shutil.rmtree(scratch)
    wanted = {jar.name for jar in _lock()}
    for stray in directory.glob("*.jar"):
        if stray.name not in wanted:
            stray.unlink()
    (directory / "marking").write_text(_mark(directory), "utf-8")
    (directory / "marking").replace(directory / _MARKER)


def _download(missing: list[Jar], scratch: Path, directory: Path, progress: Progress) -> None:
    total = len(_lock())
    done = total - len(missing)
    progress(Step(STEP, done, total, Unit.ITEMS))
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE, thread_name_prefix="jars") as pool:
        fetched = [pool.submit(_fetch_one, jar, scratch, directory) for jar in missing]
        try:
            for finished in as_completed(fetched):
                finished.result()
                done += 1
                progress(Step(STEP, done, total, Unit.ITEMS))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _fetch_one(jar: Jar, scratch: Path, directory: Path) -> None:
    """Download one jar, at most three times, and move it into place once its SHA-256 is right."""
    from jgo.maven import MavenContext

    reason = ""
    for attempt in range(_ATTEMPTS):
        time.sleep(2.0 * attempt)
        repository = scratch / f"{jar.name}-{attempt}"
        context = MavenContext(repo_cache=repository, local_repos=[], timeout=60)
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            path = Path(component.artifact(classifier=jar.classifier).resolve())
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            reason = f"{type(error).__name__}: {error}"
            continue
        if _adopt(jar, path, directory):
            return
        reason = "its SHA-256 is not the one in the lock"
    raise JarsMissing(
        f"The jar {jar.name} could not be fetched.",
        hint="Check the network (HTTPS_PROXY is honoured) and try again: what was fetched is kept.",
        detail=reason,
    )


def _adopt(jar: Jar, path: Path, directory: Path) -> bool:
    if _sha256(path) != jar.sha256:
        return False
    path.replace(directory / jar.name)
    return True


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _copy_with_maven(missing: list[Jar], scratch: Path, directory: Path, failed: JarsMissing) -> None:
    """Fetch with Maven, which knows mirrors and proxies of ~/.m2/settings.xml; raises `failed` without it."""
    maven = shutil.which("mvn")
    if maven is None:
        raise failed
    (scratch / "pom.xml").write_text(_pom(missing), "utf-8")
    copied = scratch / "copied"
    goal = "dependency:copy-dependencies"
    argv = (maven, "-B", "-q", "-f", str(scratch / "pom.xml"), goal, f"-DoutputDirectory={copied}")
    completed = run(argv, timeout=600)
    wrong = [jar.name for jar in missing if not _adopt(jar, copied / jar.name, directory)]
    if wrong:
        raise JarsMissing(
            f"{len(wrong)} jars of JanusGraph could not be fetched, {wrong[0]} among them, with Maven neither.",
            hint=failed.hint,
            detail=f"{failed.detail}\n{completed.tail}",
        )


def _pom(jars: list[Jar]) -> str:
    everything = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
    dependencies = "".join(
        f"<dependency><groupId>{escape(jar.group)}</groupId><artifactId>{escape(jar.artifact)}</artifactId>"
        f"<version>{escape(jar.version)}</version>"
        + (f"<classifier>{escape(jar.classifier)}</classifier>" if jar.classifier else "")
        + f"{everything}</dependency>"
        for jar in jars
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>safehold</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )
