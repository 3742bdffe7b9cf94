"""What the JanusGraph engine refuses, and what it says."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.engines.janusgraph_berkeleyje import JanusGraphBerkeleyJE
from core.engines.janusgraph_berkeleyje.gremlin import inspect_graph
from core.engines.janusgraph_berkeleyje.lock import no_deletion, only_here
from core.errors import CaptureFailed, SafeholdError, SourceUnavailable, UnsafeSource, UnsupportedVersion, UsageError
from core.model.progress import silent
from core.model.source import Source
from tests.support.engines import RealClock, manifest_of, new_backup_id, stored
from tests.support.janus import CACHE, MEMORY, Janus, free_port

pytestmark = [pytest.mark.java, pytest.mark.xdist_group("janusgraph")]  # one server for all
OTHER_PLACES = (Path("/dev/shm"), Path.cwd(), Path.home())
"""Where a second file system may be at hand."""


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> JanusGraphBerkeleyJE:
    return JanusGraphBerkeleyJE(tmp_path, RealClock(), CACHE, MEMORY)


def _source(server: Janus, **options: Any) -> Source:
    return Source(
        "tested",
        "janusgraph-berkeleyje",
        "local",
        "here",
        options={"endpoint": server.endpoint, "directory": server.data, **options},
    )


@contextmanager
def gremlin_server(answer: bytes, status: int = 200) -> Iterator[str]:
    """Answer every request with the same bytes."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _changed(server: Janus, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return what the real server answers to an inspection, with something about it changed."""
    said = inspect_graph(server.endpoint, "graph")
    change(said)
    return json.dumps({"result": {"data": {"@value": [json.dumps(said)]}}}).encode()


CHANGES: list[tuple[Callable[[dict[str, Any]], None], type[SafeholdError], str]] = [
    (lambda said: said.update(batchLoading=True), UnsafeSource, "storage.batch-loading=true"),
    (lambda said: said.update(transactions=False), UnsafeSource, "storage.transactions=false"),
    (lambda said: said.update(backend="cql"), UnsafeSource, "keeps its data in cql"),
    (lambda said: said["indexBackends"].update(search="elasticsearch"), UnsafeSource, "elasticsearch"),
    (lambda said: said["versions"].update(janusgraph="1.0.0"), UnsupportedVersion, "JanusGraph 1.0.0"),
    (lambda said: said["versions"].update(janusgraph="1.2.0"), UnsupportedVersion, "Safehold knows 1.1"),
    (lambda said: said.update(je="7.5.11"), UnsupportedVersion, "Berkeley JE 7.5.11"),
]


@pytest.mark.parametrize(("change", "kind", "says"), CHANGES)
def test_a_source_that_is_not_safe_is_refused(
    gods: Janus,
    engine: JanusGraphBerkeleyJE,
    change: Callable[[dict[str, Any]], None],
    kind: type[SafeholdError],
    says: str,
) -> None:
    """Settings and versions under which no good backup can be taken are refused before anything is done."""
    with gremlin_server(_changed(gods, change)) as endpoint, pytest.raises(kind, match=says) as caught:
        engine.capture(_source(gods, endpoint=endpoint), new_backup_id(), silent)
    assert caught.value.hint
    assert not (gods.directory / ".safehold-stage").exists()


def test_batch_loading_in_the_properties_file_is_refused(
    gods: Janus, engine: JanusGraphBerkeleyJE, tmp_path: Path
) -> None:
    """The graph's properties file is looked at as well, where it is named."""
    properties = tmp_path / "graph.properties"
    properties.write_text("# a comment\nstorage.backend=berkeleyje\nstorage.batch-loading = true\n")
    with pytest.raises(UnsafeSource, match="batch-loading"):
        engine.inspect(_source(gods, properties=properties))
    properties.unlink()
    with pytest.raises(SourceUnavailable, match=r"graph\.properties"):
        engine.inspect(_source(gods, properties=properties))


def test_a_directory_that_no_server_has_open_is_refused(
    gods: Janus, engine: JanusGraphBerkeleyJE, tmp_path: Path
) -> None:
    """An old copy of the data is not taken for the data."""
    copy = shutil.copytree(gods.data, tmp_path / "old")
    with pytest.raises(UnsafeSource, match="no server has"):
        engine.inspect(_source(gods, directory=copy))


def test_the_same_directory_by_another_path_is_taken(gods: Janus, engine: JanusGraphBerkeleyJE, tmp_path: Path) -> None:
    """A server in a container names its directory otherwise; that it is open is enough."""

    def elsewhere(said: dict[str, Any]) -> None:
        said["directory"] = "/inside/a/container"

    with gremlin_server(_changed(gods, elsewhere)) as endpoint:
        assert engine.inspect(_source(gods, endpoint=endpoint)).size_bytes > 0


def test_a_server_that_answers_untyped_is_understood(gods: Janus, engine: JanusGraphBerkeleyJE) -> None:
    """A server whose default is plain JSON is read as well as one that sends GraphSON 3."""
    said = json.dumps({"result": {"data": [json.dumps(inspect_graph(gods.endpoint, "graph"))]}}).encode()
    with gremlin_server(said) as endpoint:
        assert engine.inspect(_source(gods, endpoint=endpoint)).versions["janusgraph"].startswith("1.1.")


def test_an_index_name_never_leads_out_of_the_place(gods: Janus, engine: JanusGraphBerkeleyJE, tmp_path: Path) -> None:
    """A manifest whose index backend is a path is refused before a file is written."""
    source, backup = _source(gods), new_backup_id()
    image = engine.capture(source, backup, silent)
    manifest = manifest_of(engine, dataclasses.replace(image, facts={"index_backends": {"../../x": "lucene"}}))
    folder = stored(image, tmp_path / "copy")
    engine.discard(source, backup)
    with pytest.raises(UnsupportedVersion, match="can't be a folder"):
        engine.prove(folder, manifest, silent)


def test_a_directory_without_lock_file_is_refused(gods: Janus, engine: JanusGraphBerkeleyJE, tmp_path: Path) -> None:
    """Without je.lck nothing keeps files from being deleted meanwhile."""
    copy = shutil.copytree(gods.data, tmp_path / "copy", ignore=shutil.ignore_patterns("je.lck"))
    with pytest.raises(UnsafeSource, match=r"je\.lck"):
        engine.inspect(_source(gods, directory=copy))


def test_a_directory_that_is_no_janusgraph_is_refused(
    gods: Janus, engine: JanusGraphBerkeleyJE, tmp_path: Path
) -> None:
    """A folder with other things in it is named for what it isn't."""
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UnsafeSource, match="not the data of a JanusGraph"):
        engine.inspect(_source(gods, directory=tmp_path))
    (tmp_path / "data001").mkdir()
    with pytest.raises(UnsafeSource, match="several data directories"):
        engine.inspect(_source(gods, directory=tmp_path))


def test_a_stage_on_another_file_system_is_refused(gods: Janus, engine: JanusGraphBerkeleyJE) -> None:
    """Where files can't be linked for being elsewhere, the hint says where the stage belongs."""
    here = gods.data.stat().st_dev
    elsewhere = [place for place in OTHER_PLACES if place.is_dir() and place.stat().st_dev != here]
    if not elsewhere:
        pytest.skip("no second file system at hand")
    stage = elsewhere[0] / f".safehold-{os.getpid()}"
    with pytest.raises(UnsafeSource, match="another file system") as caught:
        engine.capture(_source(gods, stage=stage), new_backup_id(), silent)
    assert "stage" in caught.value.hint
    assert not stage.exists()


def test_nobody_listening_is_said_plainly(gods: Janus, engine: JanusGraphBerkeleyJE) -> None:
    """A server that is down is unavailable, with the way to correct it."""
    with pytest.raises(SourceUnavailable, match="does not answer") as caught:
        engine.inspect(_source(gods, endpoint=f"http://127.0.0.1:{free_port()}"))
    assert "endpoint" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "answer", "says"),
    [
        (200, b"<html>hello</html>", "not a Gremlin Server"),
        (200, b'{"result": {"data": {"@value": []}}}', "not a Gremlin Server"),
        (200, b'{"result": {"data": {"@value": ["[1]"]}}}', "not a Gremlin Server"),
        (401, b"", "wants a login"),
        (500, b'{"message": "No such property: graph"}', "No such property"),
        (598, b'{"message": "threshold of 30000 ms: null"}', "threshold"),
    ],
)
def test_strange_answers_are_named(
    gods: Janus, engine: JanusGraphBerkeleyJE, status: int, answer: bytes, says: str
) -> None:
    """Whatever answers there, the error says what it was."""
    with gremlin_server(answer, status) as endpoint, pytest.raises(SourceUnavailable, match=says):
        engine.inspect(_source(gods, endpoint=endpoint))


def test_a_graph_name_can_not_carry_a_script(gods: Janus, engine: JanusGraphBerkeleyJE) -> None:
    """The configured name goes into a script, so only a name is taken."""
    with pytest.raises(UsageError, match="name of a graph"):
        engine.inspect(_source(gods, graph="graph; System.exit(1)"))
    with pytest.raises(SourceUnavailable, match="No such property"):
        engine.inspect(_source(gods, graph="other"))


def test_a_backup_of_an_unknown_version_is_not_opened(
    gods: Janus, engine: JanusGraphBerkeleyJE, tmp_path: Path
) -> None:
    """An older or newer JanusGraph's backup is refused before a JVM is started."""
    source, backup = _source(gods), new_backup_id()
    image = engine.capture(source, backup, silent)
    old = dataclasses.replace(image, versions={**image.versions, "janusgraph": "0.6.4"})
    folder, manifest = stored(image, tmp_path / "copy"), manifest_of(engine, old)
    engine.discard(source, backup)
    with pytest.raises(UnsupportedVersion, match=r"0\.6\.4"):
        engine.prove(folder, manifest, silent)


def test_cleaning_waits_while_a_capture_holds_the_lock(gods: Janus, engine: JanusGraphBerkeleyJE) -> None:
    """While files are linked and copied, the lock that deletion needs is taken; afterwards it is free."""
    with only_here(gods.data), no_deletion(gods.data, RealClock()):
        assert not _can_delete(gods.data)
    assert _can_delete(gods.data)
    assert engine.inspect(_source(gods)).versions["janusgraph"].startswith("1.1.")


_DELETER = """
import fcntl, sys
with open(sys.argv[1], "r+b") as handle:
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1)
        print("free")
    except BlockingIOError:
        print("held")
"""


def _can_delete(directory: Path) -> bool:
    """Ask as another process would: locks of this one don't stop itself."""
    argv = (sys.executable, "-c", _DELETER, str(directory / "je.lck"))
    answer = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    assert answer in {"free", "held"}
    return answer == "free"


def test_a_directory_that_may_not_be_written_fails_cleanly(gods: Janus, engine: JanusGraphBerkeleyJE) -> None:
    """A stage that can't be made is a failed capture with a hint."""
    blocked = gods.directory / "server.yaml" / "stage"
    with pytest.raises(CaptureFailed) as caught:
        engine.capture(_source(gods, stage=blocked), new_backup_id(), silent)
    assert caught.value.hint
