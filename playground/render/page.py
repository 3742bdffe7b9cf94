"""A reader's page: what stands in the sidebar, in the middle, in the thread and on top."""

import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from playground.model import Channel, Json, Message, Person, View
from playground.render.mrkdwn import Mrkdwn, safe_url
from playground.render.rich_text import rich_text
from playground.values import initial
from playground.workspace import Workspace

SHOWN = 150  # the newest messages of a channel; older ones stay within reach of the Web API
DRAWN = 2000  # parts that a reader keeps drawn; then all are drawn anew
TEMPLATES = Path(__file__).parent.parent / "templates"


def environment() -> jinja2.Environment:
    """Return the templates, with escaping everywhere."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,  # a block from outside may lack anything that is optional
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["safe_url"] = safe_url
    return made


class Reader:
    """Render for one person."""

    def __init__(self, workspace: Workspace, person: Person, templates: jinja2.Environment) -> None:
        self.workspace, self.person = workspace, person
        self.mrkdwn = Mrkdwn(workspace, person)
        self._templates = templates
        self._drawn: dict[tuple[str, ...], Markup] = {}

    def text(self, thing: Json | None) -> Markup:
        """Render a text object."""
        if not isinstance(thing, dict):
            return Markup("")
        if thing.get("type") == "mrkdwn":
            return self.mrkdwn.render(str(thing.get("text", "")), verbatim=False)
        return self.mrkdwn.plain(str(thing.get("text", "")), emoji=thing.get("emoji", True))

    def image(self, thing: Json) -> str:
        """Return where an image stands: an address of the web, or a file of the workspace; "" where there is none."""
        if not isinstance(thing.get("slack_file"), dict):
            return safe_url(thing.get("image_url"))
        upload = self.workspace.image(thing["slack_file"])
        return f"/files/{upload.id}/{quote(upload.name)}" if upload else ""

    def bare(self, thing: Json | None) -> str:
        """Return a text object's characters for attributes and options."""
        return self.text(thing).replace(Markup("<br>"), Markup(" ")).striptags() if thing else ""

    def rich(self, block: Json) -> Markup:
        """Render a rich_text block."""
        return rich_text(self.mrkdwn, block)

    def markdown(self, block: Json) -> Markup:
        """Render a markdown block; only its strong text differs from mrkdwn here."""
        return self.mrkdwn.render(str(block.get("text", "")).replace("**", "*"))

    def initial(self, element: Json) -> Any:
        """Return what an element starts with, as raw values have it."""
        return initial(element)

    def author(self, message: Message) -> Person:
        """Return who wrote a message."""
        return self.workspace.member(message.author)

    def replies(self, message: Message) -> list[Message]:
        """Return the replies under a message that this person sees."""
        return self.workspace.replies(message.channel, message.ts, self.person.id)

    def time(self, ts: str) -> str:
        """Return a timestamp's time of day."""
        return self.mrkdwn.dates.time(float(ts))

    def day(self, ts: str) -> str:
        """Return the day's name over messages."""
        return self.mrkdwn.dates.day(float(ts))

    def _part(self, template: str, key: str, **context: Any) -> Markup:
        """Render a part that pages swap on its own: an id, and a mark that changes with its content."""
        inner = self._templates.get_template(template).render(r=self, key=key, **context)
        mark = f"{zlib.crc32(inner.encode()):08x}"
        return Markup(inner.replace("data-mark", f'data-mark="{mark}"', 1))  # noqa: S704 - from an escaping template

    def message(self, message: Message, pane: str = "m") -> Markup:
        """Render one message; `pane` keeps ids apart where a message stands twice.

        A message is drawn again only when it, its replies or the day have changed: 150 long ones take 0.5 s.
        """
        replies = [reply.ts for reply in self.replies(message)] if pane == "m" else []
        today = self.mrkdwn.dates.day(self.workspace.clock())
        key = (message.channel, message.ts, pane, str(message.revision), today, str(len(replies)), *replies[-1:])
        if key not in self._drawn:
            if len(self._drawn) >= DRAWN:
                self._drawn.clear()
            self._drawn[key] = self._part("message.html", f"{pane}-{message.ts}", message=message, pane=pane)
        return self._drawn[key]

    def modal(self, view: View) -> Markup:
        """Render an open modal."""
        return self._part("modal.html", f"view-{view.id}", view=view, blocks=view.body["blocks"])

    def home(self, view: View) -> Markup:
        """Render an App Home."""
        return self._part("home.html", f"view-{view.id}", view=view, blocks=view.body["blocks"])

    def page(self, place: str, channel: Channel | None, thread: Message | None) -> str:
        """Render the whole page."""
        workspace, person = self.workspace, self.person
        messages = [m for m in workspace.visible(channel.id, person.id) if _on_top(m)][-SHOWN:] if channel else []
        if channel and workspace.messages[channel.id]:
            channel.last_read[person.id] = workspace.messages[channel.id][-1].ts
        return self._templates.get_template("page.html").render(
            r=self,
            workspace=workspace,
            person=person,
            place=place,
            channel=channel,
            messages=messages,
            thread=thread,
            home=workspace.cards.homes.get(person.id),
            modal=workspace.cards.top(person.id),
        )

    def direct(self) -> Channel:
        """Return this person's direct conversation with the app."""
        return self.workspace.direct(self.person.id)

    def unread_names(self) -> str:
        """Return what tells one state of the sidebar from another."""
        return " ".join(key for key, channel in self.workspace.channels.items() if self.unread(channel))

    def unread(self, channel: Channel) -> bool:
        """Say whether somebody else wrote in a channel since this person looked."""
        read = channel.last_read.get(self.person.id, "")
        seen = self.workspace.visible(channel.id, self.person.id)
        return any(message.ts > read and message.author != self.person.id for message in seen)


def _on_top(message: Message) -> bool:
    return not message.thread_ts or message.thread_ts == message.ts or message.broadcast
