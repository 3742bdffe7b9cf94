"""The one error that the stand-in answers with: a code that Slack uses, and what Slack says beside it."""

from typing import Any


class SlackError(Exception):
    """Refuse a request with Slack's error code and, where Slack gives them, messages.

    `messages` become both `errors` and `response_metadata.messages`, as Slack does for invalid blocks.
    """

    def __init__(self, code: str, messages: tuple[str, ...] = (), *, status: int = 200, retry_after: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages
        self.status = status
        self.retry_after = retry_after
        self.extra: dict[str, Any] = {}

    def body(self) -> dict[str, Any]:
        """Return the JSON answer."""
        answer: dict[str, Any] = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            answer["errors"] = list(self.messages)
            answer["response_metadata"] = {"messages": [f"[ERROR] {says}" for says in self.messages]}
        return answer
