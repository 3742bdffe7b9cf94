"""Ports: the first that can really be listened on."""

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import PortInUse, UnavailableError
from core.runtime.ports import Claims, free_port, require_free

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]


def three_ports() -> range:
    """Return three neighbouring ports that nobody uses."""
    for start in range(30_000 + (os.getpid() * 31) % 10_000, 60_000, 3):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(start, start + 3):
                stack.enter_context(socket.create_server((HOST, port)))
            return range(start, start + 3)
    return range(0)


def test_the_first_free_port_is_given() -> None:
    """Ports that others listen on, and those that are taken already, are passed over."""
    ports = three_ports()
    assert free_port(ports, HOST) == ports[0]
    with socket.create_server((HOST, ports[0])):
        assert free_port(ports, HOST) == ports[1]
        assert free_port(ports, HOST, taken={ports[1]}) == ports[2]


def test_a_server_on_every_address_counts() -> None:
    """A server that listens on all addresses, and allows reuse, has the port of each."""
    ports = three_ports()
    with socket.create_server(("", ports[0]), reuse_port=True):
        assert free_port(ports, HOST) == ports[1]


def test_a_port_that_was_just_left_is_free() -> None:
    """A port whose server ended a moment ago, connections and all, can be had at once."""
    ports = three_ports()
    with socket.create_server((HOST, ports[0])) as server:
        client = socket.create_connection((HOST, ports[0]))
        connection, _ = server.accept()
        connection.close()
        client.close()
    assert free_port(ports[:1], HOST) == ports[0]


def test_no_free_port_says_what_to_do() -> None:
    """When all are in use the error names the range and the next step."""
    ports = three_ports()
    with socket.create_server((HOST, ports[0])), pytest.raises(PortInUse, match=r"All 1 ports .* Destroy an instance"):
        free_port(ports[:1], HOST)


def test_a_port_is_claimed_once() -> None:
    """Of processes that choose in the same moment no two get one port, and what a killed one held is free again."""
    ports = three_ports()
    program = (
        "import sys; from core.runtime.ports import Claims; claims = Claims()\n"
        f"print(claims.claim(range({ports.start}, {ports.stop}), {HOST!r}), flush=True); sys.stdin.read()"
    )
    claiming = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        for _ in ports
    ]
    try:
        assert sorted(int(process.stdout.readline()) for process in claiming if process.stdout) == list(ports)
        with contextlib.closing(Claims()) as claims, pytest.raises(PortInUse):
            claims.claim(ports, HOST)
    finally:
        for process in claiming:
            process.kill()
            process.communicate()
    with contextlib.closing(Claims()) as claims:
        assert [claims.claim(ports, HOST) for _ in ports] == list(ports)
    with contextlib.closing(Claims()) as claims, socket.create_server((HOST, ports[0])):
        assert claims.claim(ports, HOST) == ports[1]


def test_a_claimed_port_can_be_listened_on() -> None:
    """A claim keeps other claims away, and not the server that it is for."""
    ports = three_ports()
    with contextlib.closing(Claims()) as claims:
        with socket.create_server((HOST, claims.claim(ports, HOST))):
            assert claims.claim(ports, HOST) == ports[1]
        require_free(HOST, ports[0])


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_elsewhere_is_told(host: str) -> None:
    """A host that isn't this machine is not a lack of ports."""
    with pytest.raises(UnavailableError, match="no address of this machine"):
        free_port(range(18_400, 18_402), host)
    with contextlib.closing(Claims()) as claims, pytest.raises(UnavailableError, match="no address of this machine"):
        claims.claim(range(18_400, 18_402), host)


def test_a_port_that_was_taken_meanwhile_is_named() -> None:
    """Who wanted to listen on it learns which port it is and what to do."""
    ports = three_ports()
    require_free(HOST, ports[0])
    with socket.create_server((HOST, ports[0])), pytest.raises(PortInUse, match=f"has taken port {ports[0]}"):
        require_free(HOST, ports[0])
