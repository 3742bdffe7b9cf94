"""A collector of Block Kit faults that words them as Slack does, each with its JSON pointer."""

from collections.abc import Callable
from typing import Any


def no_images(_file: dict[str, Any]) -> bool:
    """Know no file: what is said of a slack_file where none was uploaded."""
    return False


class Faults:
    """Gather every fault of one message or view. `images` says whether a slack_file object names an image."""

    def __init__(self, images: Callable[[dict[str, Any]], bool]) -> None:
        self.images = images
        self.found: list[str] = []
        self.block_ids: set[str] = set()
        self.total = 0

    def say(self, fault: str, at: str) -> None:
        """Record one fault at a pointer."""
        self.found.append(f"{fault} [json-pointer:{at}]")

    def text(self, value: Any, at: str, longest: int, shortest: int = 1) -> bool:
        """Check a plain string's length in characters; say whether it is a string at all."""
        if not isinstance(value, str):
            self.say("must provide a string", at)
            return False
        if len(value) > longest:
            self.say(f"must be less than {longest + 1} characters", at)
        if len(value) < shortest:
            self.say(f"must be more than {shortest - 1} characters", at)
        return True

    def optional(self, holder: dict[str, Any], key: str, at: str, longest: int) -> None:
        """Check a string's length where it is given."""
        if holder.get(key) is not None:
            self.text(holder[key], f"{at}/{key}", longest, 0)

    def items(self, value: Any, at: str, most: int, least: int = 1) -> list[Any]:
        """Check a list's length; return it, or nothing where it is no list."""
        if not isinstance(value, list):
            self.say("must provide an array", at)
            return []
        if len(value) > most:
            self.say(f"no more than {most} items allowed", at)
        if len(value) < least:
            self.say(f"no fewer than {least} items allowed" if least > 1 else "must have at least 1 item", at)
        return value

    def thing(self, value: Any, at: str) -> dict[str, Any]:
        """Return an object, or an empty one after recording that there is none."""
        if isinstance(value, dict):
            return value
        self.say("must provide an object", at)
        return {}

    def missing(self, holder: dict[str, Any], key: str, at: str) -> bool:
        """Record a required field that is not there."""
        if holder.get(key) is None:
            self.say(f"missing required field: {key}", at)
            return True
        return False
