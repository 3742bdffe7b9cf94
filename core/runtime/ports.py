"""Finds a TCP port that can really be listened on, and says who could reach it."""

import errno
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass, field

from core.errors import PortInUse, UnavailableError

_CONNECT_SECONDS = 0.2
_NOT_OURS = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def free_port(ports: range, host: str, taken: Collection[int] = ()) -> int:
    """Return the first port of a range that a server could listen on at `host` now, and that is not `taken`.

    It stays free only until somebody takes it: choose under a lock, and record the choice.

    Raises:
        PortInUse: there is none.
        UnavailableError: the host is no address of this machine.

    """
    for port in ports:
        if port not in taken and can_listen(host, port):
            return port
    raise _none_free(ports, host)


@dataclass(slots=True)
class Claims:
    """Ports kept for programs that will listen on them later, until it is closed or its process ends.

    Whoever chooses by claims passes over what others hold, on all of this machine. What holds one is the UDP port of
    the same number: the kernel gives it once and takes it back after a kill -9, and a TCP server does not need it.
    """

    _held: dict[int, socket.socket] = field(default_factory=dict)

    def claim(self, ports: range, host: str) -> int:
        """Return the first port of a range that nobody has claimed and a server could listen on, and keep it.

        Raises:
            PortInUse: there is none.
            UnavailableError: the host is no address of this machine.

        """
        for port in ports:
            held = _held(host, port)
            if held is not None and can_listen(host, port):
                self._held[port] = held
                return port
            if held is not None:
                held.close()
        raise _none_free(ports, host)

    def close(self) -> None:
        """Let all of them go."""
        while self._held:
            self._held.popitem()[1].close()


def _held(host: str, port: int) -> socket.socket | None:
    """Return what keeps a port, None where another has it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        holder = socket.socket(family, kind, protocol)
    except socket.gaierror as error:
        raise _not_here(host) from error
    try:
        holder.bind(address)
    except OSError as error:
        holder.close()
        if error.errno in _NOT_OURS:
            raise _not_here(host) from error
        return None
    return holder


def _none_free(ports: range, host: str) -> PortInUse:
    return PortInUse(
        f"All {len(ports)} ports from {ports.start} to {ports.stop - 1} on {host} are in use.",
        hint="Destroy an instance that nobody needs, or widen `ports` of the provisioner.",
    )


def require_free(host: str, port: int) -> None:
    """Let a port pass that a server could listen on now.

    Raises:
        PortInUse: somebody does already.
        UnavailableError: the host is no address of this machine.

    """
    if not can_listen(host, port):
        raise PortInUse(
            f"Another program has taken port {port} on {host} meanwhile.",
            hint="Give the provisioner `ports` that nothing else uses, then ask again.",
        )


def can_listen(host: str, port: int) -> bool:
    """Say whether a server could listen there now.

    Raises:
        UnavailableError: the host is no address of this machine.

    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as server:
            # Without it a port whose last server has just ended counts as taken for a minute. With it Linux still
            # refuses one that is listened on; macOS lets a single address shadow a wildcard: hence the call below.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(address)
            server.listen(1)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno in _NOT_OURS:
            raise _not_here(host) from error
        return False
    with socket.socket(family, kind, protocol) as client:
        client.settimeout(_CONNECT_SECONDS)
        return client.connect_ex(address) != 0


def _not_here(host: str) -> UnavailableError:
    return UnavailableError(f"{host} is no address of this machine.", hint="Correct `host` of the provisioner.")


def is_loopback(host: str) -> bool:
    """Say whether an address is reached from this machine alone; of names only "localhost" is known to be."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
