"""The configuration's text: where things stand in it, and that no text breaks the reader."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.config import read_config
from core.config.lines import locate
from core.errors import ConfigInvalid
from core.model.options import Option, Shapes

PATH = (Option("path", "path", required=True, says="Where it is."),)
PORTS = (Option("ports", "ports"), Option("memory", "size"), Option("endpoint", "url"), Option("up", "list"))
SHAPES = Shapes(engines={"sqlite": PATH}, vaults={"directory": PATH}, provisioners={"process": PORTS})


@pytest.mark.parametrize("content", [b"a = '\xff'", b"#" * (1 << 20) + b"#", b"a = " + b"[" * 100_000])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    """Other encodings, huge files and nesting without end are named, not stumbled over."""
    (tmp_path / "safehold.toml").write_bytes(content)
    with pytest.raises(ConfigInvalid):
        read_config(tmp_path / "safehold.toml", SHAPES)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A wrong path says which file was looked for."""
    with pytest.raises(ConfigInvalid, match=r"nowhere\.toml can't be read: No such file"):
        read_config(tmp_path / "nowhere.toml", SHAPES)


def test_lines_are_found_in_every_way_of_writing() -> None:
    """Dotted and quoted keys, long texts, lists and comments over many lines don't shift the count."""
    text = '''\
# [not.a.table]
a.b = """
[no.table]
key = 1
"""   # "
"c d" = [ # ]
  "]", '[x]', { y = "}" },
]

  [ sources . "e.f" ]
g = \'\'\'
h = 1\'\'\'
i = {j = 1, k = {l = 2}}
[[list]]
m = 1
'''
    tomllib.loads(text)
    lines = locate(text)
    assert lines.known == {
        ("a",): 2,
        ("a", "b"): 2,
        ("c d",): 6,
        ("sources",): 10,
        ("sources", "e.f"): 10,
        ("sources", "e.f", "g"): 11,
        ("sources", "e.f", "i"): 13,
        ("list",): 14,
        ("list", "m"): 15,
    }
    assert lines.of(("sources", "e.f", "i", "k", "l")) == 13
    assert lines.of(("nowhere",)) == 1


PIECES = """[ ] [[ ]] { } = . , # " ' \\ sources vaults provisioners access web slack state orders engine "sqlite" type
"process" path "~" "~x" "\\u0000" true 1 -1 1e999 1979-05-27 inf "xoxb-1" "24h" ports "1-2" [] ["everyone"]"""
WORDS = st.sampled_from([*PIECES.split(), '"""', "\n", "\r\n"])
TEXTS = st.text() | st.lists(WORDS).map(" ".join) | st.lists(WORDS).map("".join)
VALUES = st.recursive(
    st.sampled_from(['"x"', "1", "true", "[]", "{}", '""', '["a"]', "1979-05-27", '"\\u0000"', '"24h"', "nan"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
    max_leaves=4,
)
PLACES = st.sampled_from(
    [
        *("team", "runner_threads", "sources", "vaults.local", "provisioners.here.ports", "web.port", "web.public_url"),
        *(
            "access.approve",
            "access.approvals_needed",
            "slack.channel",
            "state.directory",
            "catalog",
            "sources.a.engine",
        ),
        *("zone", "schedule", "schedule.at", "schedule.cron", "sources.a.schedule.daily", "sources.a.schedule.weekly"),
        *("sources.a.schedule.monthly", "sources.a.schedule.window", 'sources.a.schedule.cron."0 3 * * *"'),
        *("sources.a.prove", "sources.a.vault", "vaults.local.type", "vaults.local.path", 'sources."\\n"', '""'),
    ]
)
DOCUMENTS = st.lists(st.tuples(PLACES, VALUES), unique_by=lambda pair: pair[0], max_size=8).map(
    lambda pairs: "\n".join(f"{place} = {value}" for place, value in pairs)
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS | DOCUMENTS)
@example(text="a = " + "9" * 5000)
@example(text="\ud800")
def test_no_text_gives_anything_but_a_configuration_or_its_faults(tmp_path: Path, text: str) -> None:
    """Whatever the file holds, the answer is a Config or ConfigInvalid with a line number."""
    path = tmp_path / "safehold.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read_config(path, SHAPES)
    except ConfigInvalid as error:
        for line in str(error).split("\n"):
            assert line.startswith("safehold.toml")
            assert line.isprintable()
