"""A Gremlin server asked by the client that other people use."""

from concurrent.futures import ThreadPoolExecutor

from gremlin_python.driver.client import Client
from janusgraph_python.driver.serializer import JanusGraphSONSerializersV3d0


def answers(url: str, *scripts: str) -> list[list[object]]:
    """Return what each script yields; asked in a thread, for the client runs an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_ask, url, scripts).result()


def _ask(url: str, scripts: tuple[str, ...]) -> list[list[object]]:
    client = Client(url, "g", message_serializer=JanusGraphSONSerializersV3d0())
    try:
        return [client.submit(script).all().result(60) for script in scripts]
    finally:
        client.close()
