"""mrkdwn as HTML: what it styles, what it links, and that nothing from outside becomes markup."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.render.dates import Dates
from playground.render.mrkdwn import Mrkdwn
from playground.workspace import Workspace

NOON = 1_795_435_200.0  # 2026-11-23 12:00 UTC
WORKSPACE = Workspace(clock=lambda: NOON)
TEXT = Mrkdwn(WORKSPACE, WORKSPACE.person("olga"))
ARNE = WORKSPACE.person("arne").id
CASES = {
    "*bold* _it_ ~no~ `code`": "<strong>bold</strong> <em>it</em> <s>no</s> <code>code</code>",
    "*a _b_*": "<strong>a <em>b</em></strong>",
    "2*3*4 and snake_case_name": "2*3*4 and snake_case_name",
    "`*raw*`": "<code>*raw*</code>",
    "```a\n*b*```": "<pre>a\n*b*</pre>",
    "&gt; quoted\nnot": "<blockquote>quoted</blockquote>not",
    "a\nb": "a<br>b",
    ":white_check_mark: :no_such_one:": "✅ :no_such_one:",
    "<javascript:alert(1)|x>": "&lt;javascript:alert(1)|x&gt;",
    "<b>&amp;lt;": "&lt;b&gt;&amp;lt;",
    f"<@{ARNE}>": '<span class="mention">@Arne Lindqvist</span>',
    "<!here>": '<span class="mention me">@here</span>',
    "<https://a.example/?b=1&amp;c=2|label>": '<a href="https://a.example/?b=1&amp;c=2" target="_blank" '
    'rel="noopener noreferrer">label</a>',
}


@pytest.mark.parametrize(("text", "shown"), CASES.items())
def test_mrkdwn_is_shown_as_slack_shows_it(text: str, shown: str) -> None:
    """One markup, one result."""
    assert TEXT.render(text) == shown


@given(st.text(alphabet=st.sampled_from("<>&\"'*_~`|!@#^\n :ascript/=()x"), max_size=60))
def test_no_text_becomes_a_tag_or_an_attribute(text: str) -> None:
    """Whatever is written, the only tags that come out are those that mrkdwn knows."""
    out = str(TEXT.render(text))
    for allowed in ("strong", "em", "s", "code", "pre", "blockquote"):
        out = out.replace(f"<{allowed}>", "").replace(f"</{allowed}>", "")
    for piece in (
        "<br>",
        '<span class="mention me">',
        '<span class="mention">',
        "</span>",
        '<a class="mention" href="#">',
        "</a>",
    ):
        out = out.replace(piece, "")
    assert "<" not in out
    assert html.escape(html.unescape(out)).count("<") == 0


def test_dates_are_in_the_readers_zone() -> None:
    """Berlin reads 13:00, New York 7:00 AM; near days have names, the fallback is for what can't be shown."""
    token = f"<!date^{int(NOON)}^{{date_short_pretty}} {{time}}|fallback>"
    assert ">Today 13:00<" in TEXT.render(token)
    assert ">Today 7:00 AM<" in Mrkdwn(WORKSPACE, WORKSPACE.person("arne")).render(token)
    assert TEXT.render("<!date^99999999999999^{date}|fallback>") == "fallback"
    dates = Dates("UTC", lambda: NOON)
    assert dates.format(NOON - 86400, "{date_pretty}") == "yesterday"
    assert dates.day(NOON - 86400) == "Yesterday"
    assert ">today 13:00<" in TEXT.render(f"proven {token}")
    assert dates.format(NOON - 3 * 86400, "{date_long}") == "Friday, November 20th"
    assert dates.format(NOON - 400 * 86400, "on {date_short}") == "on Oct 19, 2025"
    assert dates.format(NOON - 7200, "{ago}") == "2 hours ago"
