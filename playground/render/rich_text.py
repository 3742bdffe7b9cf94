"""Rich text blocks as HTML."""

import html
from typing import Any

from markupsafe import Markup

from playground.render.emoji import EMOJI
from playground.render.mrkdwn import Mrkdwn, safe_url

STYLES = (("bold", "strong"), ("italic", "em"), ("strike", "s"), ("code", "code"))


def rich_text(text: Mrkdwn, block: dict[str, Any]) -> Markup:
    """Render all parts of a rich_text block."""
    return Markup("").join(_part(text, element) for element in block.get("elements", []))


def _part(text: Mrkdwn, element: dict[str, Any]) -> Markup:
    kind, inner = element.get("type"), element.get("elements", [])
    if kind == "rich_text_list":
        tag = "ol" if element.get("style") == "ordered" else "ul"
        items = "".join(f"<li>{_leaves(text, item.get('elements', []))}</li>" for item in inner)
        indent = int(element.get("indent") or 0)
        return Markup(f'<{tag} class="indent-{indent}">{items}</{tag}>')  # noqa: S704 - leaves are escaped
    tag = {"rich_text_preformatted": "pre", "rich_text_quote": "blockquote"}.get(str(kind), "p")
    return Markup(f"<{tag}>{_leaves(text, inner)}</{tag}>")  # noqa: S704 - leaves are escaped


def _leaves(text: Mrkdwn, elements: list[dict[str, Any]]) -> str:
    return "".join(_leaf(text, element) for element in elements)


def _leaf(text: Mrkdwn, leaf: dict[str, Any]) -> str:
    shown = _bare(text, leaf)
    style = leaf.get("style")
    for name, tag in STYLES:
        if isinstance(style, dict) and style.get(name):
            shown = f"<{tag}>{shown}</{tag}>"
    return shown


def _bare(text: Mrkdwn, leaf: dict[str, Any]) -> str:
    kind = leaf.get("type")
    if kind == "link":
        url, label = safe_url(leaf.get("url")), html.escape(str(leaf.get("text") or leaf.get("url")))
        return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">{label}</a>' if url else label
    if kind == "emoji":
        return html.escape(EMOJI.get(str(leaf.get("name")), f":{leaf.get('name')}:"))
    tokens = {
        "user": f"<@{leaf.get('user_id')}>",
        "channel": f"<#{leaf.get('channel_id')}>",
        "usergroup": f"<!subteam^{leaf.get('usergroup_id')}>",
        "broadcast": f"<!{leaf.get('range')}>",
        "date": f"<!date^{leaf.get('timestamp')}^{leaf.get('format')}|{leaf.get('fallback') or ''}>",
    }
    if kind in tokens:
        return str(text.render(tokens[str(kind)]))
    return html.escape(str(leaf.get("text", ""))).replace("\n", "<br>")
