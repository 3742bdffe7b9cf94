"""Slack's mrkdwn as HTML; every character that is not markup is escaped."""

import html
import re
from collections.abc import Callable

from markupsafe import Markup

from playground.errors import SlackError
from playground.model import Person
from playground.render.dates import Dates
from playground.render.emoji import with_emoji
from playground.workspace import Workspace

MARK = "\ue000"  # fences a stashed piece; taken out of what comes in
PIECE = re.compile(f"{MARK}(\\d+){MARK}")
PRE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
TOKEN = re.compile(r"<([^<>\n]+)>")
DATE = re.compile(r"!date\^(-?\d+)\^([^|^]*)(?:\^([^|]*))?$")
STYLES = (
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^\n]*?[^\s*]|[^\s*])\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=[^\s_])([^\n]*?[^\s_]|[^\s_])_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=[^\s~])([^\n]*?[^\s~]|[^\s~])~(?![\w~])"), "s"),
)
SAFE_SCHEMES = ("http://", "https://", "mailto:", "slack:")


def safe_url(url: object) -> str:
    """Return an address that may stand in a link, or nothing; keeps javascript: and data: out."""
    text = str(url or "").strip()
    return text if text.lower().startswith(SAFE_SCHEMES) else ""


def unescaped(text: str) -> str:
    """Undo Slack's three entities."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class Mrkdwn:
    """Render text for one reader of a workspace."""

    def __init__(self, workspace: Workspace, reader: Person) -> None:
        self._workspace = workspace
        self.reader = reader
        self.dates = Dates(reader.zone, workspace.clock)

    def plain(self, text: str, *, emoji: bool = True) -> Markup:
        """Render plain text: emoji and line breaks, nothing else."""
        shown = with_emoji(unescaped(text)) if emoji else unescaped(text)
        return Markup(html.escape(shown).replace("\n", "<br>"))  # noqa: S704 - escaped here

    def render(self, text: str, *, verbatim: bool = False) -> Markup:
        """Render mrkdwn."""
        stash: list[str] = []

        def keep(piece: str) -> str:
            stash.append(piece)
            return f"{MARK}{len(stash) - 1}{MARK}"

        held = text.replace(MARK, "")
        held = PRE.sub(lambda found: keep(f"<pre>{self._inside_code(found[1])}</pre>"), held)
        held = CODE.sub(lambda found: keep(f"<code>{self._inside_code(found[1])}</code>"), held)
        held = TOKEN.sub(lambda found: keep(self._token(found[1], opens=_opens(found))), held)
        held = html.escape(with_emoji(unescaped(held)))
        held = _quotes(held if verbatim else _styled(held))
        while PIECE.search(held):
            held = PIECE.sub(lambda found: stash[int(found[1])], held)
        return Markup(held)  # noqa: S704 - every piece was escaped above

    def _inside_code(self, text: str) -> str:
        bare = TOKEN.sub(lambda found: found[1].partition("|")[2] or found[1], text)
        return html.escape(unescaped(bare))

    def _token(self, token: str, *, opens: bool = False) -> str:
        body, _, label = token.partition("|")
        date = DATE.match(body)
        if date:
            return self._date(date, label, opens=opens)
        ways: dict[str, Callable[[str, str], str]] = {"@": self._person, "#": self._channel, "!": self._special}
        way = ways.get(body[:1])
        if way:
            return way(body, label)
        url = safe_url(unescaped(body))
        shown = html.escape(with_emoji(unescaped(label or body.removeprefix("mailto:"))))
        if not url:
            return html.escape(f"<{unescaped(token)}>")
        return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">{shown}</a>'

    def _person(self, body: str, _label: str) -> str:
        try:
            person = self._workspace.member(body[1:])
        except SlackError:
            return html.escape(f"@{body[1:]}")
        mine = " me" if person.id == self.reader.id else ""
        return f'<span class="mention{mine}">@{html.escape(person.real_name)}</span>'

    def _channel(self, body: str, label: str) -> str:
        channel = self._workspace.channels.get(body[1:])
        name = channel.name if channel else label or "unknown-channel"
        link = f"/w/{self.reader.name}/{name}" if channel else "#"
        return f'<a class="mention" href="{html.escape(link)}">#{html.escape(name)}</a>'

    def _special(self, body: str, label: str) -> str:
        word = body[1:].partition("^")
        if word[0] == "subteam":
            group = next((group for group in self._workspace.groups if group.id == word[2]), None)
            mine = " me" if group and self.reader.id in group.members else ""
            return f'<span class="mention{mine}">@{html.escape(group.handle if group else label or word[2])}</span>'
        return f'<span class="mention me">@{html.escape(word[0])}</span>'

    def _date(self, found: re.Match[str], label: str, *, opens: bool) -> str:
        seconds, pattern, link = int(found[1]), unescaped(found[2]), safe_url(found[3])
        try:
            shown = self.dates.format(seconds, pattern)
        except (OverflowError, ValueError, OSError):
            return html.escape(label)
        shown = shown[:1].upper() + shown[1:] if opens else shown
        full = self.dates.at(seconds).strftime("%A, %d %B %Y, %H:%M:%S %Z")
        inner = f'<time datetime="{self.dates.at(seconds).isoformat()}" title="{full}">{html.escape(shown)}</time>'
        return f'<a href="{html.escape(link)}" target="_blank" rel="noopener noreferrer">{inner}</a>' if link else inner


def _opens(found: re.Match[str]) -> bool:
    """Say whether a token opens its line, where Today is written large; markup before it does not count."""
    return not found.string[: found.start()].rpartition("\n")[2].strip("*_~ ")


def _styled(text: str) -> str:
    for pattern, tag in STYLES:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    return text


def _quotes(text: str) -> str:
    """Put lines that begin with > into one blockquote, and break the others."""
    out: list[str] = []
    quoted: list[str] = []
    for line in [*text.split("\n"), None]:
        if line is not None and line.startswith("&gt;"):
            quoted.append(line[4:].removeprefix(" "))
            continue
        if quoted:
            out.append(f"<blockquote>{'<br>'.join(quoted)}</blockquote>")
            quoted = []
        if line is not None:
            out.append(line)
    joined = "<br>".join(out)
    return joined.replace("</blockquote><br>", "</blockquote>").replace("<br><blockquote>", "<blockquote>")
