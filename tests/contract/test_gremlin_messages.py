"""What is said of a Gremlin Server that does not answer never spreads a login."""

import socket

import pytest

from core.engines.janusgraph_berkeleyje.gremlin import ask
from core.errors import SourceUnavailable


def test_a_login_in_an_endpoint_is_never_said() -> None:
    """A name and a password in an address are in no message, hint or detail."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for endpoint in (f"http://anna:canary@127.0.0.1:{port}", f"ws://anna:can/ary@127.0.0.1:{port}"):
        with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1") as caught:
            ask(endpoint, "1", 5)
        said = f"{caught.value} {caught.value.detail}"
        assert "can" not in said.replace("can't", "")
        assert "anna" not in said
