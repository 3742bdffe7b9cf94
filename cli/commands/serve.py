"""`serve`, `playground` and `version`: what runs until it is asked to end, and what this is."""

import sys
from argparse import Namespace
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from cli import exits
from cli.screen import Screen


def serve(given: Namespace, _screen: Screen) -> int:
    """Run the bot until it is asked to end."""
    from bot.__main__ import serve as serve_bot

    return int(serve_bot(given.config) or exits.GOOD)


def playground(given: Namespace, _screen: Screen) -> int:
    """Run a workspace in the browser until Ctrl-C."""
    from playground.__main__ import main

    return int(main(["--port", str(given.port)]))


def version(_given: Namespace, screen: Screen) -> int:
    """Print the version of Safehold and of the Python that runs it."""
    try:
        installed = version_of("safehold")
    except PackageNotFoundError:
        installed = "unknown"
    python = ".".join(str(part) for part in sys.version_info[:3])
    screen.say(f"safehold {installed} (Python {python})", {"version": installed, "python": python})
    return exits.GOOD
