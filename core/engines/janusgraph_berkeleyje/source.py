"""Judge a live source: what it says of itself, and whether it may be captured as it is."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.engines.janusgraph_berkeleyje.capture import log_files
from core.engines.janusgraph_berkeleyje.gremlin import inspect_graph
from core.engines.janusgraph_berkeleyje.lock import is_open, only_here
from core.errors import SourceUnavailable, UnsafeSource, UnsupportedVersion
from core.model.source import Source, SourceFacts

KNOWN = re.compile(r"1\.1\.\d+")
"""What was measured. 1.0 writes another storage version; 1.2 nobody has tried."""
KNOWN_JE = re.compile(r"18\.3\.\d+")
LUCENE = ("lucene", "org.janusgraph.diskstorage.lucene.LuceneIndex")


def inspect_source(source: Source) -> SourceFacts:
    """Ask the live source, look at its directory, refuse what can't be captured or restored truly.

    Raises:
        SourceUnavailable, UnsafeSource, UnsupportedVersion.

    """
    directory = Path(source.options["directory"])
    size = sum(_size(file) for file in log_files(directory))
    said = inspect_graph(str(source.options["endpoint"]), str(source.options.get("graph") or "graph"))
    versions = {**said["versions"], "je": said["je"]}
    _check_storage(said, versions)
    _check_safety(said, source.options.get("properties"))
    _check_directory(directory, said["directory"])
    _check_indexes(said["indexBackends"])
    return SourceFacts(versions=versions, facts=_facts(said), size_bytes=size)


def check_versions(versions: Mapping[str, str]) -> None:
    """Refuse a JanusGraph or a JE that was never tried.

    Raises:
        UnsupportedVersion: it says which is known.

    """
    janusgraph, je = versions.get("janusgraph", ""), versions.get("je", "")
    if not KNOWN.fullmatch(janusgraph):
        raise UnsupportedVersion(
            f"This is JanusGraph {janusgraph or 'of an unknown version'}; Safehold knows 1.1.",
            hint="Upgrade the source to JanusGraph 1.1, or use a Safehold that knows its version.",
        )
    if not KNOWN_JE.fullmatch(je):
        raise UnsupportedVersion(
            f"Its storage is written by Berkeley JE {je or 'of an unknown version'}; Safehold knows 18.3.",
            hint="Use the JE that JanusGraph 1.1 comes with, 18.3.12.",
        )


def _check_storage(said: Mapping[str, Any], versions: Mapping[str, str]) -> None:
    if "berkeley" not in said["backend"].lower():
        raise UnsafeSource(
            f"This JanusGraph keeps its data in {said['backend'] or 'an unknown storage'}, not in BerkeleyJE.",
            hint="Name another engine for this source, or another endpoint.",
        )
    check_versions(versions)


def _check_safety(said: Mapping[str, Any], properties: Path | None) -> None:
    settings = _read_properties(properties) if properties else {}
    if said["batchLoading"] or settings.get("storage.batch-loading", "").lower() == "true":
        raise UnsafeSource(
            "This JanusGraph runs with storage.batch-loading=true: its storage has no transactions, "
            "so no image of it is consistent.",
            hint="Set storage.batch-loading=false and restart the server once the load is done, then back up.",
        )
    if not said["transactions"] or settings.get("storage.transactions", "").lower() == "false":
        raise UnsafeSource(
            "This JanusGraph runs with storage.transactions=false, so no image of it is consistent.",
            hint="Set storage.transactions=true and restart the server.",
        )


def _check_directory(directory: Path, told: str) -> None:
    """Refuse a directory that no server has open: it may be an old copy, of which a backup is worthless.

    The path that the server uses may differ from ours, in a container for instance.
    """
    if told and os.path.realpath(told) == os.path.realpath(directory):
        return
    with only_here(directory):
        if not is_open(directory):
            raise UnsafeSource(
                f"The server keeps its data in {told or 'a place it does not tell'}; no server has {directory} open.",
                hint="Correct the source's directory: it has to be the server's storage.directory.",
            )


def _check_indexes(backends: Mapping[str, str]) -> None:
    for name, backend in backends.items():
        if backend not in LUCENE:
            raise UnsafeSource(
                f'The mixed index backend "{name}" is {backend or "unknown"}; so far only Lucene can be restored.',
                hint="Back this source up once Safehold knows that index backend.",
            )


def _read_properties(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise SourceUnavailable(
            f"The properties file {path} can't be read: {error.strerror}.",
            hint="Correct the source's properties, or leave it out: the server is asked anyway.",
        ) from error
    pairs = (
        re.split(r"\s*[=:]\s*", line.strip(), maxsplit=1) for line in lines if not line.lstrip().startswith(("#", "!"))
    )
    return {pair[0]: pair[1] for pair in pairs if len(pair) == len(("key", "value"))}


def _facts(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "instance": said["instance"],
        "settings": said["settings"],
        "schema": {
            "vertex_labels": said["schema"]["vertexLabels"],
            "edge_labels": said["schema"]["edgeLabels"],
            "property_keys": said["schema"]["propertyKeys"],
        },
        "indexes": said["indexes"],
        "vertex_centric_indexes": said["vertexCentricIndexes"],
        "index_backends": said["indexBackends"],
    }


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # the cleaner deletes files at any time
        return 0
