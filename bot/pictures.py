"""Uploads the plots that messages show. A message is never lost for want of its picture."""

import logging
from collections import Counter
from dataclasses import dataclass, field

import httpx
from slack_sdk import WebClient

from bot.blocks.parts import Json, image
from bot.draft import Draft, Picture
from bot.plot import draw

MOST_REFUSALS = 3
SECONDS = 10.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Pictures:
    """Draws and uploads each picture once. Used by one thread."""

    client: WebClient
    _files: dict[str, str] = field(default_factory=dict)
    _refused: Counter[str] = field(default_factory=Counter)

    def drawn(self, draft: Draft) -> list[Json]:
        """Return a draft's blocks with its picture among them, without it where it can't be drawn or uploaded."""
        picture, subject = draft.picture, draft.subject
        if picture is None or self._refused[subject] >= MOST_REFUSALS:
            return draft.blocks
        try:
            if subject not in self._files:
                self._files[subject] = self._uploaded(picture)
        except Exception:  # a boundary: whatever goes wrong with a picture, its message is what counts
            logger.warning("%s is posted without its picture", subject, exc_info=True)
            return draft.blocks
        shown = image(self._files[subject], picture.title, picture.alt_text)
        return [*draft.blocks[: picture.place], shown, *draft.blocks[picture.place :]]

    def refused(self, draft: Draft) -> bool:
        """Note that Slack refused the blocks; say whether the picture may be why, so that it is worth another try."""
        if draft.picture is None or draft.subject not in self._files or self._refused[draft.subject] >= MOST_REFUSALS:
            return False
        self._refused[draft.subject] += 1
        return True

    def _uploaded(self, picture: Picture) -> str:
        """Upload a picture, shared with nobody but those who see the message, and return the file's id."""
        content = draw(picture.series)
        given = self.client.files_getUploadURLExternal(filename="sizes.png", length=len(content))
        address, file_id = str(given["upload_url"]), str(given["file_id"])
        httpx.post(address, content=content, timeout=SECONDS).raise_for_status()
        self.client.files_completeUploadExternal(files=[{"id": file_id, "title": picture.title}])
        return file_id
