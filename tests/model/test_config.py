"""The configuration: values out of TOML, or every fault at once."""

from functools import partial
from pathlib import Path

import pytest

from core.config import read_config
from core.model.options import Option, Shapes
from core.model.source import Prove
from tests.support.configured import faults_of, read_text

SHAPES = Shapes(
    engines={
        "sqlite": (Option("path", "path", required=True, says="The database's file."),),
        "janusgraph-berkeleyje": (
            Option("endpoint", "url", required=True, says="Its Gremlin Server."),
            Option("stage", "path", default=None, says="Where captures are staged."),
        ),
    },
    vaults={"directory": (Option("path", "path", required=True, says="The directory of the archives."),)},
    provisioners={
        "process": (
            Option("directory", "path", required=True, says="Where instances live."),
            Option("ports", "ports", default=range(18400, 18500), says="The ports they get."),
            Option("memory", "size", default=768 << 20, says="The memory of each."),
        ),
        "command": (Option("up", "list", required=True, says="The program that starts one."),),
    },
)
REST = """
[vaults.local]
type = "directory"
path = "backups"
[provisioners.here]
type = "process"
directory = "instances"
"""
SOURCES = '[sources.orders]\nengine = "sqlite"\npath = "orders.db"\n'
read, faults = partial(read_text, SHAPES), partial(faults_of, SHAPES)


def test_a_short_file_gets_every_default(tmp_path: Path) -> None:
    """The least that can be written is enough, and the only vault and provisioner are the ones meant."""
    config = read(tmp_path, SOURCES + REST)
    source = config.sources["orders"]
    assert (source.vault, source.provisioner, source.prove) == ("local", "here", Prove.EACH)
    assert (source.goal_seconds, source.lifetime_seconds) == (93_600, 14_400)
    assert source.options == {"path": tmp_path / "orders.db"}
    assert config.vaults["local"].options == {"path": tmp_path / "backups"}
    assert config.provisioners["here"].options["ports"] == range(18400, 18500)
    assert config.access.approval_required
    assert config.catalog_path == config.state_directory / "catalog.db"


def test_a_long_file_gets_what_it_says(tmp_path: Path) -> None:
    """Each written value arrives, typed: seconds, bytes, ranges, absolute paths."""
    config = read(
        tmp_path,
        """
        team = "Operations"
        runner_threads = 4
        [sources.gods]
        engine = "janusgraph-berkeleyje"
        endpoint = "http://127.0.0.1:18182"
        stage = ""
        vault = "far"
        provisioner = "k8s"
        prove = "weekly"
        goal = "2d"
        lifetime = "90s"
        [vaults]
        near = { type = "directory", path = "~/near" }
        far = { type = "directory", path = "/mnt/../far" }
        [provisioners.here]
        type = "process"
        directory = "../instances"
        ports = "2000-2001"
        memory = "2G"
        [provisioners.k8s]
        type = "command"
        up = ["/opt/up", "--fast"]
        [access]
        restore = ["U0123ABC", "S0123ABC", "os:anna"]
        destroy = []
        approve = ["everyone"]
        approvals_needed = 2
        approval_expires = "15m"
        [slack]
        channel = "C0123"
        [web]
        port = 9000
        public_url = "https://backups.example.org/"
        link_lifetime = "5m"
        [state]
        directory = "state"
        """,
    )
    source = config.sources["gods"]
    assert (source.vault, source.provisioner, source.prove) == ("far", "k8s", Prove.WEEKLY)
    assert (source.goal_seconds, source.lifetime_seconds) == (172_800, 90)
    assert source.options == {"endpoint": "http://127.0.0.1:18182", "stage": None}
    assert config.vaults["near"].options["path"] == Path.home() / "near"
    assert config.vaults["far"].options["path"] == Path("/far")
    assert config.provisioners["here"].options == {
        "directory": tmp_path.parent / "instances",
        "ports": range(2000, 2002),
        "memory": 2 << 30,
    }
    assert config.provisioners["k8s"].options == {"up": ("/opt/up", "--fast")}
    assert (config.access.restore, config.access.destroy) == (("U0123ABC", "S0123ABC", "os:anna"), ())
    assert (config.access.approvals_needed, config.access.approval_expires_seconds) == (2, 900)
    assert (config.slack.channel, config.slack.approvals_channel) == ("C0123", "#backup-approvals")
    assert (config.web.port, config.web.public_url, config.web.link_seconds) == (
        9000,
        "https://backups.example.org",
        300,
    )
    assert config.catalog_path == tmp_path / "state" / "catalog.db"
    assert (config.team, config.runner_threads) == ("Operations", 4)


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Whoever mistyped six things reads all six, each with its line and the fix."""
    assert faults(
        tmp_path,
        """\
[sources.gods]
engine = "sqllite"

[sources.orders]
engine = "sqlite"
prove = "often"
lifetme = "4h"

[vaults.local]
type = "directory"

[provisioners.here]
type = "process"
directory = "instances"
memory = "much"
""",
    ) == [
        'safehold.toml line 2: sources.gods.engine is "sqllite", which is not known. Did you mean sqlite?',
        'safehold.toml line 4: sources.orders lacks path: The database\'s file. Add path = "/path/to/it".',
        'safehold.toml line 6: sources.orders.prove is "often". Use each, daily, weekly or never.',
        "safehold.toml line 7: sources.orders.lifetme is not known. Did you mean lifetime?",
        'safehold.toml line 9: vaults.local lacks path: The directory of the archives. Add path = "/path/to/it".',
        'safehold.toml line 15: provisioners.here.memory is "much". Write a size like "768m" or "2g".',
    ]


FAULTS = {
    "an unknown table": ("[vault.x]\n", "vault is not known. Did you mean vaults?"),
    "a section that is no table": ("web = 3\n", "web is 3. Write it as a table: [web]"),
    "a reference to nothing": (
        '[sources.a]\nengine = "sqlite"\npath = "a"\nvault = "locl"\n',
        'sources.a.vault is "locl", and no vault has that name. Did you mean local?',
    ),
    "a bad name": ('[sources."A b"]\nengine = "sqlite"\npath = "a"\n', 'sources."A b" is no name. Use at most 40'),
    "a bad duration": ('[web]\nlink_lifetime = "0s"\n', 'web.link_lifetime is "0s". Write a duration between'),
    "a number in quotes": ('[web]\nport = "80"\n', 'web.port is "80". Write a whole number without quotes.'),
    "a port too high": ("[web]\nport = 70000\n", "web.port is 70000. Write a number from 1 to 65535."),
    "a url without a host": ('[web]\npublic_url = "example"\n', 'web.public_url is "example". Write one like'),
    "a web address of another kind": ('[web]\npublic_url = "ws://x"\n', "web.public_url is no web address."),
    "a flag in quotes": ('[access]\napproval_required = "no"\n', "Write true or false, without quotes."),
    "a person by name": ('[access]\nbackup = ["@dba"]\n', 'access.backup names "@dba". Use "everyone", a member'),
    "nobody to approve": (
        '[access]\nrestore = ["U2"]\napprove = []\n',
        "access.approve names nobody, but a restore needs 1",
    ),
    "too few to approve": (
        '[access]\nrestore = ["U2"]\napprovals_needed = 2\napprove = ["U1"]\n',
        "access.approve names 1, but a restore needs 2",
    ),
    "a channel with a space": ('[slack]\nchannel = "the backups"\n', 'slack.channel is "the backups". Write a'),
    "too many threads": ("runner_threads = 99\n", "runner_threads is 99. Write a number from 1 to 16."),
    "a control character": ('team = "a\\u001bb"\n', 'team is "a\\u001bb". Use printable characters only.'),
    "a text that is a number": ("team = 3\n", "team is 3. Write a text in quotes."),
    "a text too long": (f'team = "{"a" * 1001}"\n', "Use at most 1000 characters."),
    "a url with a wrong port": ('[web]\npublic_url = "http://a:99999"\n', "Write one like"),
    "a list that is a text": ('[access]\nbackup = "everyone"\n', 'Write a list of texts like ["one", "two"].'),
    "an empty required key": (
        '[sources.a]\nengine = "sqlite"\npath = ""\n',
        "sources.a.path is empty: The database's file. Write path = ",
    ),
    "a home that is not there": ('[state]\ndirectory = "~nobody-here/x"\n', "Write the path in full"),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_fix(tmp_path: Path, text: str, expected: str) -> None:
    """One mistake gives one fault, which says where, what and what to write instead."""
    rest = REST if "[sources" in text else SOURCES + REST
    (fault,) = faults(tmp_path, text + rest)
    assert expected in fault


PORTS = {
    "many": 'like "18400-18499"',
    "2-1": "lower port first",
    "0-9": "between 1 and 65535",
    "1-65536": "between 1 and",
}


@pytest.mark.parametrize(("ports", "expected"), PORTS.items())
def test_a_range_of_ports_that_is_none_is_told(tmp_path: Path, ports: str, expected: str) -> None:
    """Ports are a range from low to high."""
    (fault,) = faults(tmp_path, f'{SOURCES}{REST}ports = "{ports}"\n')
    assert expected in fault


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("./up", "{folder}/up"), ("~/up", "{home}/up"), ("/opt/up", "/opt/up"), ("docker", "docker")],
)
def test_a_program_beside_the_file_is_found_from_anywhere(tmp_path: Path, written: str, read_as: str) -> None:
    """A program's relative path is meant from the folder of the file; a bare name is looked up on the PATH."""
    shapes = Shapes(SHAPES.engines, SHAPES.vaults, {"command": (Option("up", "program", required=True),)})
    path = tmp_path / "safehold.toml"
    rest = REST.partition("[provisioners")[0]
    path.write_text(f'{SOURCES}{rest}[provisioners.k8s]\ntype = "command"\nup = ["{written}", "./x"]\n', "utf-8")
    expected = read_as.format(folder=tmp_path, home=Path.home())
    assert read_config(path, shapes).provisioners["k8s"].options == {"up": (expected, "./x")}


def test_an_empty_file_says_what_is_missing(tmp_path: Path) -> None:
    """Whoever starts from nothing learns which three tables to write."""
    found = faults(tmp_path, "")
    assert [line.split(": ")[1].split(".")[0] for line in found] == [
        "there is no source",
        "there is no vault",
        "there is no provisioner",
    ]


def test_two_vaults_and_none_named_is_a_fault(tmp_path: Path) -> None:
    """A vault is never guessed where there are two."""
    (fault,) = faults(tmp_path, SOURCES + REST + '[vaults.far]\ntype = "directory"\npath = "far"\n')
    assert fault.endswith(
        'line 1: sources.orders names no vault, and there is more than one. Add vault = "far" or "local".'
    )


@pytest.mark.parametrize(
    "text",
    [
        '[slack]\nbot_token = "canary-7f3a"\n',
        '[slack]\nchannel = "xoxb-canary-7f3a"\n',
        'team = "xapp-canary-7f3a"\n',
        '[access]\nrestore = ["xoxb-canary-7f3a"]\n',
        '[web]\npublic_url = "https://anna:canary-7f3a@example.org"\n',
        '[web]\npublic_url = "https://canary-7f3a@example.org"\n',
        '[web]\npublic_url = "https://anna:canary/7f3a@example.org"\n',
        '[slack]\n"xoxb-canary-7f3a" = 1\n',
        '[sources.b]\nengine = "sqlite"\npath = "b"\nvault = "xoxb-canary-7f3a"\n',
        'signing_secret = "canary-7f3a"\n',
        'x = { y = { api_key = "canary-7f3a" } }\n',
    ],
)
def test_a_secret_in_the_file_is_a_fault_that_does_not_repeat_it(tmp_path: Path, text: str) -> None:
    """Tokens belong into the environment, and no message of ours spreads one further."""
    found = "\n".join(faults(tmp_path, text + SOURCES + REST))
    assert "canary" not in found
    assert "Take it out" in found or "is not known" in found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = \nc = 2", 2),
        ('[web]\nport = 1\nport = "xoxb-canary"\n', 3),
        ("a = [1,\n2", 2),
        ("a = 99:99:99", 1),
        ("[" * 5, 1),
    ],
)
def test_a_syntax_error_has_its_line(tmp_path: Path, text: str, line: int) -> None:
    """What is no TOML at all is told with the line where it ends to be."""
    (fault,) = faults(tmp_path, text)
    assert fault.startswith(f"safehold.toml line {line}: this is not TOML")
    assert "canary" not in fault


def test_the_name_of_the_catalogs_copies_is_no_source(tmp_path: Path) -> None:
    """Nothing but the catalog itself is kept under its name."""
    text = SOURCES.replace("orders", "safehold-catalog", 1) + REST
    (fault,) = faults(tmp_path, text)
    assert "is the name under which the catalog is copied. Choose another one." in fault
