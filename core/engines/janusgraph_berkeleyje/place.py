"""Write the files of a JanusGraph server of its own: its graph, its port, its isolated index, its log."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SERVER = "org.janusgraph.graphdb.server.JanusGraphServer"
STORAGE = "je"
FREE_DISK = "storage.berkeleyje.ext.je.freeDisk"
MEBIBYTE = 1 << 20

LOGBACK = """\
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX, UTC} %-5level %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
  <logger name="org.apache.tinkerpop.gremlin.server.GremlinServer" level="INFO"/>
</configuration>
"""

_INIT = """\
def globals = [:]
globals << [g: graph.traversal()]
"""


def write_server(directory: Path, *, name: str, host: str, port: int, extra: Mapping[str, str]) -> None:
    """Write graph.properties, server.yaml, init.groovy and conf/logback.xml into a directory; it may hold data.

    The graph's storage is <directory>/je, its mixed index "search" is Lucene in <directory>/lucene. `name` is the
    instance id: letters, digits, "-" and "_" only. `extra` adds graph properties or changes them.
    """
    settings = {**graph_settings(directory, name=name, indexes=("search",)), **extra}
    write_files(directory, settings, host, port)


def write_files(directory: Path, settings: Mapping[str, str], host: str, port: int) -> None:
    """Write the four files of a server with these graph properties."""
    (directory / "conf").mkdir(parents=True, exist_ok=True)
    (directory / "conf" / "logback.xml").write_text(LOGBACK, "utf-8")
    (directory / "init.groovy").write_text(_INIT, "utf-8")
    write_address(directory, host, port)
    write_properties(directory / "graph.properties", settings)


def write_address(directory: Path, host: str, port: int) -> None:
    """Write server.yaml: where the server of a directory listens."""
    (directory / "server.yaml").write_text(_server(directory, host, port), "utf-8")


def server_argv(java: Path, jars: Path, directory: Path, memory: int) -> tuple[str, ...]:
    """Return the program that runs the server written into a directory. `memory` is its heap in bytes."""
    return (
        str(java),
        "-Xms64m",
        f"-Xmx{memory // MEBIBYTE}m",
        "-XX:+UseG1GC",
        "-cp",
        f"{directory / 'conf'}:{jars}/*",
        SERVER,
        str(directory / "server.yaml"),
    )


def graph_settings(directory: Path, *, name: str, indexes: Sequence[str]) -> dict[str, str]:
    """Return the properties of a graph of its own in a directory: own storage, own identity, own indexes.

    `indexes` are the names that the schema gives its index backends ("search"); each becomes a Lucene of its own.
    Nothing of `schema.init.*` is ever set: it can erase data.
    """
    settings = {
        "gremlin.graph": "org.janusgraph.core.JanusGraphFactory",
        "storage.backend": "berkeleyje",
        "storage.directory": str(directory / STORAGE),
        # JE refuses to write, and the server to start, with less than 5 GB free: too much to ask of scratch copies.
        FREE_DISK: "0",
        "graph.unique-instance-id": name,
        "graph.replace-instance-if-exists": "true",
    }
    for index in indexes:
        settings[f"index.{index}.backend"] = "lucene"
        settings[f"index.{index}.directory"] = str(directory / ("lucene" if index == "search" else f"lucene-{index}"))
    return settings


def write_properties(path: Path, settings: Mapping[str, str]) -> None:
    """Write a properties file as JanusGraph reads it: one setting a line; backslashes and commas are escaped."""
    lines = (f"{key}={_escaped(value)}\n" for key, value in settings.items())
    path.write_text("".join(lines), "utf-8")


def _escaped(value: str) -> str:
    """Keep a value whole: a comma would make a list of it, a "${" would be replaced."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("${", "$${")


def _server(directory: Path, host: str, port: int) -> str:
    """Return server.yaml: JSON, which is YAML, so that any path is quoted rightly."""
    plugins: dict[str, Any] = {
        "org.janusgraph.graphdb.tinkerpop.plugin.JanusGraphGremlinPlugin": {},
        "org.apache.tinkerpop.gremlin.server.jsr223.GremlinServerGremlinPlugin": {},
        "org.apache.tinkerpop.gremlin.jsr223.ImportGremlinPlugin": {
            "classImports": ["java.lang.Math"],
            "methodImports": ["java.lang.Math#*"],
        },
        "org.apache.tinkerpop.gremlin.jsr223.ScriptFileGremlinPlugin": {"files": [str(directory / "init.groovy")]},
    }
    server = {
        "host": host,
        "port": port,
        "evaluationTimeout": 60_000,
        "channelizer": "org.apache.tinkerpop.gremlin.server.channel.WsAndHttpChannelizer",
        "graphManager": "org.janusgraph.graphdb.management.JanusGraphManager",
        "graphs": {"graph": str(directory / "graph.properties")},
        "scriptEngines": {"gremlin-groovy": {"plugins": plugins}},
        "maxContentLength": 10_485_760,
    }
    return json.dumps(server, indent=2) + "\n"
