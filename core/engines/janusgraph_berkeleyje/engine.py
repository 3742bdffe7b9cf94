"""The engine itself: JanusGraph on BerkeleyJE as core.ports.Engine."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engines.janusgraph_berkeleyje.capture import SPARE_BYTES, Capture, remove_stage
from core.engines.janusgraph_berkeleyje.gremlin import open_instances
from core.engines.janusgraph_berkeleyje.jars import VERSION, fetch_jars
from core.engines.janusgraph_berkeleyje.java import find_java
from core.engines.janusgraph_berkeleyje.jvm import DataFault, Tool, remove_files
from core.engines.janusgraph_berkeleyje.place import (
    FREE_DISK,
    MEBIBYTE,
    STORAGE,
    graph_settings,
    server_argv,
    write_address,
    write_files,
)
from core.engines.janusgraph_berkeleyje.source import check_versions, inspect_source
from core.engines.seam import stage_errors
from core.errors import (
    Cancelled,
    CaptureFailed,
    NotEnoughSpace,
    OperationError,
    ProofFailed,
    RestoreFailed,
    SafeholdError,
    UnsupportedVersion,
)
from core.model.image import Image, ImageFile
from core.model.manifest import Manifest, ProofRecord
from core.model.options import Option
from core.model.place import Launch, Needs, Place
from core.model.progress import Progress
from core.model.source import Source, SourceFacts
from core.ports import Clock

OPTIONS = (
    Option("endpoint", "url", required=True, says="The Gremlin Server of the source, over HTTP."),
    Option("directory", "path", required=True, says="Where the source keeps its data: storage.directory."),
    Option("properties", "path", says="The graph's properties file, looked at for settings that forbid a capture."),
    Option("graph", "text", default="graph", says="The graph's name on the server."),
    Option("stage", "path", says="Where images are held while they are stored; on the file system of the data."),
)
STAGES = ".safehold-stage"
_INDEX = re.compile(r"[A-Za-z0-9_-]+")
_OVERHEAD_BYTES = 256 * MEBIBYTE
"""What a JVM takes beside its heap (measured: 260 MB in all when idle)."""


@dataclass(frozen=True, slots=True)
class JanusGraphBerkeleyJE:
    """Captures a running JanusGraph from its files, without its help; proves and restores copies in JVMs of its own.

    `cache` keeps the jars. `memory` is the heap, in bytes, of those JVMs and of restored instances.
    """

    scratch: Path
    clock: Clock
    cache: Path
    memory: int = 768 * MEBIBYTE
    name: str = "janusgraph-berkeleyje"
    family: str = "janusgraph"
    title: str = "JanusGraph · BerkeleyJE"
    serves: bool = True

    def inspect(self, source: Source) -> SourceFacts:
        """Ask the live source for versions, schema and indexes; never a scan."""
        return inspect_source(source)

    def capture(self, source: Source, backup_id: str, progress: Progress) -> Image:
        """Hold off deletion for some milliseconds, link the finished log files and copy the last."""
        observed = inspect_source(source)
        directory = Path(source.options["directory"])
        capture = Capture(directory, self._stage(source, backup_id), self.clock, progress)
        captured_at = self.clock.now()
        files = capture.take()
        return Image(
            files=tuple(ImageFile(f"{STORAGE}/{file.name}", file) for file in files),
            captured_at=captured_at,
            versions=observed.versions,
            facts={**observed.facts, "capture": _told(capture, len(files))},
        )

    def discard(self, source: Source, backup_id: str) -> None:
        """Remove the stage of that backup.

        Raises:
            UnavailableError: the system forbids it.

        """
        stage = self._stage(source, backup_id)
        with stage_errors(stage):
            remove_stage(stage)

    def prove(self, unpacked: Path, manifest: Manifest, progress: Progress) -> ProofRecord:
        """Check every record with JE, open the copy with JanusGraph, count and fingerprint it.

        Raises:
            ProofFailed: the data are at fault.
            OperationError: it could not be proven, for a reason that tells nothing of the data.
            UnsupportedVersion, NotEnoughSpace, JavaMissing, JarsMissing, UnavailableError.

        """
        check_versions(manifest.versions)
        tool = self._tool(progress)
        _room(unpacked, manifest)
        settings = self._settings(unpacked, f"safehold-proof-{manifest.backup_id}", manifest)
        try:
            result = tool.run("prove", unpacked / "proof", settings, progress)
        except Cancelled:
            raise
        except DataFault as error:
            raise _as(ProofFailed, "The copy made from the stored bytes can't be trusted", error) from error
        except OperationError as error:
            raise _as(OperationError, "The backup could not be proven", error) from error
        return self._record(result, ("BerkeleyJE's own check of every record", f"opened with JanusGraph {VERSION}"))

    def needs(self, manifest: Manifest) -> Needs:
        """Return what an instance takes: its files, as much again for its indexes, a heap and what Java adds."""
        disk = 2 * manifest.archive.raw_size + 4 * SPARE_BYTES
        return Needs(disk_bytes=disk, memory_bytes=self.memory + _OVERHEAD_BYTES)

    def prepare(self, unpacked: Path, manifest: Manifest, place: Place, progress: Progress) -> ProofRecord:
        """Make the unpacked files an instance of its own, rebuild its indexes, and look up in them."""
        check_versions(manifest.versions)
        tool = self._tool(progress)
        directory, work = place.directory, place.directory / "prepare"
        _room(directory, manifest)
        try:
            shutil.move(unpacked / STORAGE, directory / STORAGE)
            settings = self._settings(directory, place.name, manifest)
            write_files(directory, {**settings, FREE_DISK: _kept_free(directory)}, place.host, place.port)
            # Lookups have to be answered by an index or fail; only unproven bytes still need JE's own check.
            settings["query.force-index"] = "true"
            result = tool.run("prepare", work, settings, progress, verify=manifest.proof is None)
        except Cancelled:
            raise
        except OSError as error:
            failed = RestoreFailed(f"The instance's files could not be written: {error.strerror}.", detail=str(error))
            raise failed from error
        except OperationError as error:
            raise _as(RestoreFailed, "The instance could not be prepared", error) from error
        finally:
            remove_files(work)
        return self._record(result, _prepared(result))

    def launch(self, place: Place) -> Launch:
        """Return the server's program; it finds everything below the place's directory, its address too.

        Raises:
            RestoreFailed: its address could not be written.
            JavaMissing, JarsMissing.

        """
        try:
            write_address(place.directory, place.host, place.port)
        except OSError as error:
            raise RestoreFailed(f"The instance's address could not be written: {error.strerror}.") from error
        return Launch(server_argv(find_java(), fetch_jars(self.cache), place.directory, self.memory))

    def endpoint(self, place: Place) -> str:
        """Return the WebSocket address for Gremlin clients; the same port speaks HTTP."""
        return f"ws://{_authority(place)}/gremlin"

    def answers(self, place: Place) -> bool:
        """Say whether it reads from storage and only it has the graph open; a port may be an older server's."""
        try:
            return open_instances(f"http://{_authority(place)}/") == (place.name,)
        except SafeholdError:
            return False

    def _stage(self, source: Source, backup_id: str) -> Path:
        if Path(backup_id).name != backup_id:
            raise CaptureFailed(f'"{backup_id}" is no backup id.')
        chosen = source.options.get("stage")
        stages = Path(chosen) if chosen else Path(source.options["directory"]).parent / STAGES
        return stages / backup_id

    def _tool(self, progress: Progress) -> Tool:
        return Tool(find_java(), fetch_jars(self.cache, progress), self.memory)

    def _settings(self, directory: Path, name: str, manifest: Manifest) -> dict[str, str]:
        backends = manifest.facts.get("index_backends") or {"search": "lucene"}
        if strange := [index for index in backends if not _INDEX.fullmatch(index)]:
            raise UnsupportedVersion(f'The manifest names an index backend "{strange[0]}", which can\'t be a folder.')
        return graph_settings(directory, name=name, indexes=tuple(backends))

    def _record(self, result: Mapping[str, Any], checked: tuple[str, ...]) -> ProofRecord:
        counts = result["counts"]
        vertices, edges = (sum(counts[kind].values()) for kind in ("vertices", "edges"))
        amount = f"{_several(vertices, 'vertex', 'vertices')} and {_several(edges, 'edge')}"
        return ProofRecord(
            self.clock.now(), result["fingerprint"], counts, (*checked, f"{amount} read and fingerprinted")
        )


def _told(capture: Capture, files: int) -> dict[str, Any]:
    """Return what the manifest says of the capture; no floats beyond milliseconds."""
    return {
        "files": files,
        "linked": capture.linked,
        "copied": capture.copied,
        "lock_seconds": round(capture.lock_seconds, 6),
    }


def _prepared(result: Mapping[str, Any]) -> tuple[str, ...]:
    compared = result["compared"]
    return (
        f"{_several(result['ghosts'], 'open instance')} of the source closed",
        f"{_several(len(result['rebuilt']), 'mixed index', 'mixed indexes')} rebuilt",
        f"{_several(sum(compared.values()), 'index lookup')} equal to the storage",
        f"{_several(result['ids'], 'new id')} unused",
    )


def _several(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def _room(directory: Path, manifest: Manifest) -> None:
    needed = manifest.archive.raw_size + SPARE_BYTES
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise NotEnoughSpace(
            f"{directory} has {free // MEBIBYTE} MiB left, {needed // MEBIBYTE} are needed.",
            hint="Make room there, then try again.",
        )


def _kept_free(directory: Path) -> str:
    """Return how many bytes JE leaves free before it refuses to write: its own 5 GB where the disk has them."""
    default = 5 << 30
    return str(default if shutil.disk_usage(directory).free > default + (1 << 30) else 256 * MEBIBYTE)


def _authority(place: Place) -> str:
    return f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}"


def _as(kind: type[OperationError], what: str, error: OperationError) -> OperationError:
    hint = "The log holds all that it printed."
    if kind is OperationError:
        hint = f"That tells nothing of the backup. Look at memory and disk, then verify it. {hint}"
    return kind(f"{what}: {error.message[:300]}", hint=hint, detail=error.detail)
