"""What was typed is understood, or answered with the nearest right thing."""

import shlex
from pathlib import Path

import pytest

from cli.parser import build, parse
from cli.verbs import VERBS
from core.errors import UsageError


def test_every_verb_has_help_with_its_description(capsys: pytest.CaptureFixture[str]) -> None:
    """Each verb explains itself and shows an example."""
    for verb in VERBS:
        with pytest.raises(SystemExit) as ended:
            build().parse_args([*verb.name.split(), "--help"])
        assert ended.value.code == 0
        help_text = capsys.readouterr().out
        assert f"usage: safehold {verb.name}" in help_text.replace("safehold VERB [arguments]", "safehold")
        assert all(example in help_text for example in verb.examples)


@pytest.mark.parametrize(
    ("verb", "needed", "left_out"),
    [
        ("keep", ("--why TEXT", "ID"), "[--until TIME]"),
        ("freeze", ("--until TIME", "--why TEXT"), "[--json]"),
        ("restore", ("--reason TEXT", "ID"), "[--dry-run]"),
    ],
)
def test_only_what_can_be_left_out_stands_in_brackets(
    verb: str, needed: tuple[str, ...], left_out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option without which the verb is refused, or asks, is shown as needed; it is still asked for in a terminal."""
    with pytest.raises(SystemExit):
        parse([verb, "--help"])
    usage = " ".join(capsys.readouterr().out.partition("\n\n")[0].split())
    assert all(f" {option}" in usage and f"[{option}]" not in usage for option in needed)
    assert left_out in usage
    assert parse([verb, *(["7f3a"] if "ID" in needed else [])]).verb.name == verb


@pytest.mark.parametrize("example", [example for verb in VERBS for example in verb.examples])
def test_every_example_can_be_typed(example: str) -> None:
    """An example in the help is understood as the verb it stands with."""
    words = shlex.split(example)
    given = parse(words[1:])
    assert words[0] == "safehold"
    assert given.verb.name.split() == words[1 : 1 + len(given.verb.name.split())]


@pytest.mark.parametrize("words", [["--json", "list"], ["list", "--json"], ["list", "gods", "--json", "--no-wait"]])
def test_what_holds_everywhere_stands_before_or_after_the_verb(words: list[str]) -> None:
    """--json works wherever a person puts it."""
    assert parse(words).json is True


def test_what_was_not_said_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing said means words for people, waiting, and the configuration of the environment."""
    monkeypatch.setenv("SAFEHOLD_CONFIG", "/etc/safehold.toml")
    given = parse(["list"])
    assert (given.json, given.no_wait, given.config, given.source) == (False, False, Path("/etc/safehold.toml"), None)
    assert parse(["list", "--config", "mine.toml"]).config == Path("mine.toml")


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        ([], "Say what to do.", "safehold list"),
        (["lst"], "I don't know a verb lst.", "Did you mean list?"),
        (["backup"], "I don't know a verb backup.", "safehold --help"),
        (["x" * 200], "I don't know a verb xxx", "safehold --help"),
        (["list", "--lmit", "3"], "--lmit", "Did you mean --limit?"),
        (["list", "--limit", "0"], '"0" is not a number of rows.', "1 to 1000"),
        (["list", "--limit", "9" * 5000], "is not a number of rows.", "1 to 1000"),
        (["restore"], "ID", "safehold restore --help"),
        (["restore", "7f", "--lifetime", "4 hours"], '"4 hours" is not a duration.', "90m, 4h or 2d"),
        (["extend", "j", "--for", "-1h"], "--for", "safehold extend --help"),
        (["playground", "--port", "70000"], '"70000" is not a port.', "8090"),
        (["approve", "r-1", "--break-glass"], "--break-glass", "safehold approve --help"),
        (["list", "one", "two"], "two", "safehold --help"),
    ],
)
def test_a_mistake_is_answered_with_the_next_step(words: list[str], said: str, hint: str) -> None:
    """Whoever mistypes reads what was wrong and what to type instead."""
    with pytest.raises(UsageError) as refused:
        parse(words)
    assert said in refused.value.message
    assert hint in refused.value.hint
