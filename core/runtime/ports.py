"""Finds a TCP port that can really be listened on, and says who could reach it."""

import errno
import ipaddress
import socket
from collections.abc import Collection

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
        if port not in taken and _can_listen(host, port):
            return port
    raise PortInUse(
        f"All {len(ports)} ports from {ports.start} to {ports.stop - 1} on {host} are in use.",
        hint="Destroy an instance that nobody needs, or widen `ports` of the provisioner.",
    )


def _can_listen(host: str, port: int) -> bool:
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
            raise UnavailableError(
                f"{host} is no address of this machine.", hint="Correct `host` of the provisioner."
            ) from error
        return False
    with socket.socket(family, kind, protocol) as client:
        client.settimeout(_CONNECT_SECONDS)
        return client.connect_ex(address) != 0


def is_loopback(host: str) -> bool:
    """Say whether an address is reached from this machine alone; of names only "localhost" is known to be."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
