"""`safehold doctor` says what is missing and how to mend it, and never shows a token."""

from collections.abc import Iterator

import pytest

from cli.doctor import SCOPES
from playground.manifest import read_list
from tests.support.slack_stand_in import APP_TOKEN, BOT_TOKEN, SlackStandIn, slack_stand_in
from tests.support.terminal import ROOT, Outcome, Terminal


@pytest.fixture
def slack(safehold: Terminal) -> Iterator[SlackStandIn]:
    """Return a Slack in which everything is well, and put its tokens into the environment."""
    with slack_stand_in(", ".join(sorted(SCOPES))) as running:
        for name, value in (
            ("SLACK_API_URL", running.url.rstrip("/")),
            ("SLACK_BOT_TOKEN", BOT_TOKEN),
            ("SLACK_APP_TOKEN", APP_TOKEN),
        ):
            safehold.environment.setenv(name, value)
        safehold.environment.delenv("SLACK_SIGNING_SECRET", raising=False)
        yield running


def fixes(safehold: Terminal) -> dict[str, tuple[str, str]]:
    """Return what has to be mended, by name: what was found and how to mend it."""
    document = safehold.json("doctor")
    wrong = {f["name"]: (f["says"], f["fix"]) for f in document["findings"] if not f["ok"]}
    assert document["ok"] is not bool(wrong)
    assert all(fix for _, fix in wrong.values())
    return wrong


def test_the_scopes_are_those_of_the_manifest() -> None:
    """What doctor compares with is what the app is made from."""
    assert read_list(ROOT / "manifest.yml", "bot") == SCOPES


@pytest.mark.usefixtures("slack")
def test_where_everything_is_well_it_says_so(safehold: Terminal) -> None:
    """Exit 0, a line for each thing, and no token anywhere."""
    found: Outcome = safehold("doctor")
    assert found.code == 0, found.out
    assert "Everything is well." in found.out
    assert "FIX" not in found.out
    for name in (
        "configuration",
        "catalog",
        "vault local",
        "source orders",
        "scopes",
        "channel #backups",
        "Socket Mode",
    ):
        assert f"ok   {name}: " in found.out
    assert "canary" not in found.out + found.err


@pytest.mark.usefixtures("slack")
def test_without_any_token_slack_is_not_looked_at_and_that_is_said(safehold: Terminal) -> None:
    """One line says so with the way to leave Slack out, and not how one token after the other is set."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        safehold.environment.delenv(name)
    found = safehold("doctor")
    assert found.code == 1
    (line,) = (line for line in found.out.splitlines() if "Slack" in line and line[:3] in {"FIX", "ok "})
    assert line == "FIX  Slack: was not looked at: no token is set here"
    assert "safehold doctor --no-slack" in found.out
    assert "SLACK_" not in found.out.replace("SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET", "")
    assert safehold("doctor", "--no-slack").code == 0


def test_missing_scopes_and_channels_are_named(safehold: Terminal, slack: SlackStandIn) -> None:
    """Each missing scope is named; a channel that isn't there differs from one without the bot."""
    slack.scopes = "chat:write,commands"
    slack.channels[0]["is_member"] = False
    slack.channels.pop()
    wrong = fixes(safehold)
    assert set(wrong) == {"scopes", "channel #backups", "channel #backup-approvals"}
    assert "channels:read" in wrong["scopes"][0]
    assert "the bot is not in it" in wrong["channel #backups"][0]
    assert "no such channel" in wrong["channel #backup-approvals"][0]


def test_channels_may_be_named_by_id(safehold: Terminal, slack: SlackStandIn) -> None:
    """An id is asked for directly; one that Slack doesn't know is told."""
    config = safehold.workplace.config
    config.write_text(config.read_text() + '[slack]\nchannel = "C0BACKUPS"\napprovals_channel = "C0NOWHERE"\n')
    assert slack.url
    assert fixes(safehold) == {
        "channel C0NOWHERE": ("Slack answers channel_not_found", fixes(safehold)["channel C0NOWHERE"][1])
    }


@pytest.mark.usefixtures("slack")
@pytest.mark.parametrize(
    ("name", "value", "finding", "says"),
    [
        ("SLACK_BOT_TOKEN", "", "SLACK_BOT_TOKEN", "is not set"),
        ("SLACK_BOT_TOKEN", "xoxp-canary", "SLACK_BOT_TOKEN", "does not begin with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-canary", "Slack sign-in", "Slack answers invalid_auth"),
        ("SLACK_APP_TOKEN", "xoxb-canary", "SLACK_APP_TOKEN", "does not begin with xapp-"),
        ("SLACK_APP_TOKEN", "xapp-canary", "Socket Mode", "Slack answers invalid_auth"),
        ("SLACK_APP_TOKEN", "", "SLACK_APP_TOKEN", "is not set, nor is SLACK_SIGNING_SECRET"),
        ("SLACK_API_URL", "http://127.0.0.1:9/api/", "Slack sign-in", "Slack can't be reached"),
    ],
)
def test_a_wrong_token_is_named_and_not_shown(
    safehold: Terminal, name: str, value: str, finding: str, says: str
) -> None:
    """Whatever is wrong with a token is told by the variable's name; the value stays out of every output."""
    safehold.environment.setenv(name, value)
    assert says in fixes(safehold)[finding][0]
    shown = safehold("doctor")
    assert shown.code == 1
    assert "canary" not in shown.out + shown.err


@pytest.mark.usefixtures("slack")
@pytest.mark.parametrize(("secret", "ok"), [("0123456789abcdef" * 2, True), ("canary", False)])
def test_http_needs_a_signing_secret(safehold: Terminal, secret: str, *, ok: bool) -> None:
    """Without an app token the signing secret is looked at, by its form."""
    safehold.environment.delenv("SLACK_APP_TOKEN")
    safehold.environment.setenv("SLACK_SIGNING_SECRET", secret)
    assert ("SLACK_SIGNING_SECRET" in fixes(safehold)) is not ok
    assert secret not in safehold("doctor").out


@pytest.mark.usefixtures("slack")
def test_what_is_missing_on_the_machine_is_told(safehold: Terminal) -> None:
    """A missing vault and a missing source are two findings, each with its fix."""
    (safehold.workplace.folder / "vault").rmdir()
    (safehold.workplace.folder / "orders.db").unlink()
    assert set(fixes(safehold)) == {"vault local", "source orders"}


def test_slack_can_be_left_out(safehold: Terminal) -> None:
    """Whoever uses the command line alone is not asked for tokens."""
    found = safehold("doctor", "--no-slack")
    assert found.code == 0
    assert "SLACK" not in found.out


def test_without_a_configuration_that_is_the_finding(safehold: Terminal) -> None:
    """Faults of the configuration are told as the one thing to mend first."""
    safehold.workplace.config.write_text("[sources.orders]\n")
    found = safehold("doctor")
    assert found.code == 1
    assert "FIX  configuration: " in found.out
    assert "1 thing to mend." in found.out
