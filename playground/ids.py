"""Ids, tokens and timestamps in Slack's shapes."""

import hashlib
import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase


def named_id(prefix: str, name: str) -> str:
    """Return the same Slack-like id for the same name at every start, so that configurations can hold it."""
    number = int.from_bytes(hashlib.sha256(f"{prefix}:{name}".encode()).digest()[:8], "big")
    text = ""
    while len(text) < 9:  # noqa: PLR2004 - Slack's ids are eleven characters long, prefix and zero included
        number, rest = divmod(number, len(ALPHABET))
        text += ALPHABET[rest]
    return f"{prefix}0{text}"


def fresh_id(prefix: str) -> str:
    """Return a new random id such as V07QK3M2XRB."""
    return prefix + "0" + "".join(secrets.choice(ALPHABET) for _ in range(9))


def fresh_token(prefix: str) -> str:
    """Return a token with Slack's prefix, xoxb or xapp."""
    numbers = "-".join(str(secrets.randbelow(10**12)).zfill(12) for _ in range(2))
    return f"{prefix}-{numbers}-{secrets.token_hex(12)}"


def permalink_ts(ts: str) -> str:
    """Return the form a timestamp takes in a permalink: p1700000000000100."""
    return "p" + ts.replace(".", "")
