"""Instances by the user's programs: the contract, and every way in which such programs fail."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import ProvisionerFailed
from core.model.instance import InstanceState
from core.provisioners.command import CommandProvisioner

sys.path.insert(0, str(Path(__file__).parent))
from provisioner_suite import (
    NAME,
    ProvisionerSuite,
    answers,
    launch,
    manifest,
    unused_ports,
)

from tests.support.waiting import until

Make = Callable[..., CommandProvisioner]
CLOUD = """\
import json, os, pathlib, select, signal, subprocess, sys
verb, place = sys.argv[1], pathlib.Path(os.environ["SAFEHOLD_DIRECTORY"])
pid_file = place.parent / "cloud.pid"
pid = int(pid_file.read_text()) if pid_file.exists() else 0
if verb == "up":
    argv = json.loads(os.environ["SAFEHOLD_LAUNCH"])
    with (place.parent / "log").open("a") as log:
        server = subprocess.Popen(argv, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    pid_file.write_text(str(server.pid))
    print("a line that is no answer")
    print(json.dumps({"endpoint": f"ws://{os.environ['SAFEHOLD_HOST']}:{os.environ['SAFEHOLD_PORT']}/gremlin"}))
def alive():
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
if verb == "down" and pid:
    if alive():
        watched = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([watched], [], [])
    pid_file.unlink()
if verb == "status":
    print(json.dumps({"state": "destroyed" if not pid else "ready" if alive() else "stopped"}))
"""
GONE = ("printf", '{"state": "destroyed"}')
READY = ("printf", '{"state": "ready"}')


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a maker of provisioners over one directory, with programs of a small cloud unless given others."""
    ports = unused_ports(4)
    cloud = tmp_path / "cloud.py"
    cloud.write_text(CLOUD, "utf-8")
    programs = {verb: (sys.executable, str(cloud), verb) for verb in ("up", "down", "status")}

    def made(timeout: float = 60, environment: tuple[str, ...] = (), **given: tuple[str, ...]) -> CommandProvisioner:
        chosen = {**programs, **given}
        return CommandProvisioner(
            "k8s", tmp_path / "instances", ports=ports, timeout=timeout, environment=environment, **chosen
        )

    yield made
    for name in made().names():
        made(down=("true",), status=GONE).destroy(name)


class TestCommand(ProvisionerSuite):
    """The contract, with programs."""


def test_the_answer_of_up_is_the_endpoint(make: Make) -> None:
    """What the last line of `up` says is where clients connect."""
    place = make().reserve(NAME, port=True)
    assert make().start(place, launch(place), manifest()) == f"ws://127.0.0.1:{place.port}/gremlin"
    until(lambda: answers(place))
    make().destroy(NAME)


def test_programs_are_told_everything_and_no_secret(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a program is what is promised and what is configured, and nothing else of ours."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-canary")
    monkeypatch.setenv("KUBECONFIG", "/etc/kube-canary")
    shows = ("sh", "-c", 'env; echo \'{"endpoint": ""}\'')
    provisioner = make(up=shows, environment=("KUBECONFIG", "NOT_SET"))
    place = provisioner.reserve(NAME, port=True)
    assert provisioner.start(place, launch(place), manifest()) == ""
    told = dict(line.split("=", 1) for line in provisioner.log(NAME).splitlines() if "=" in line)
    assert told.keys() - {"PWD", "SHLVL", "_", "OLDPWD"} <= {
        *("PATH", "HOME", "LANG", "KUBECONFIG", "GREETING", "SAFEHOLD_INSTANCE", "SAFEHOLD_DIRECTORY", "SAFEHOLD_HOST"),
        *("SAFEHOLD_PORT", "SAFEHOLD_ENGINE", "SAFEHOLD_SOURCE", "SAFEHOLD_BACKUP", "SAFEHOLD_VERSIONS"),
        *("SAFEHOLD_LAUNCH", "SAFEHOLD_INSTANCE_FOLDER"),
    }
    assert told["SAFEHOLD_INSTANCE"] == NAME
    assert told["SAFEHOLD_DIRECTORY"] == str(place.directory)
    assert told["SAFEHOLD_PORT"] == str(place.port)
    assert told["SAFEHOLD_BACKUP"] == "20261123T020000Z-7f3a1c"
    assert json.loads(told["SAFEHOLD_VERSIONS"]) == {"janusgraph": "1.1.0"}
    assert "canary" not in provisioner.log(NAME)
    assert told["KUBECONFIG"] == "$KUBECONFIG"


def test_no_value_shows_where_one_holds_another(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's name in an address hides neither the password beside it nor a port with a digit of a flag."""
    values = {"DB_USER": "appl", "DB_URL": "postgres://appl:s3cr3t@db/x", "FLAG": "1", "KEY": "begin\nline-two\nend"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    says = ("sh", "-c", 'echo "$KEY" >&2; echo "cannot reach $DB_URL on port 18511 with line-two" >&2; exit 1')
    provisioner = make(up=says, environment=tuple(values))
    place = provisioner.reserve(NAME, port=True)
    with pytest.raises(ProvisionerFailed) as caught:
        provisioner.start(place, launch(place), manifest())
    assert "cannot reach $DB_URL on port 18511 with $KEY" in caught.value.message
    for text in (caught.value.message, caught.value.detail, provisioner.log(NAME)):
        assert "s3cr3t" not in text
        assert "line-two" not in text


FAILURES = {
    "not there": (("/no/such/up",), "/no/such/up could not be started: No such file"),
    "not executable": (("/etc/passwd",), "/etc/passwd could not be started: Permission denied"),
    "a code": (("sh", "-c", "echo quota exceeded >&2; exit 3"), "ended with code 3: quota exceeded"),
    "a code without a word": (("false",), "ended with code 1 and said nothing"),
    "no answer": (("true",), "did not answer with a JSON object"),
    "no JSON": (("echo", "done"), "did not answer with a JSON object"),
    "JSON too deep": ((sys.executable, "-c", "print('[' * 20000)"), "did not answer with a JSON object"),
    "another JSON": (("echo", '["endpoint"]'), "did not answer with a JSON object"),
    "a missing field": (("echo", '{"url": "x"}'), 'did not answer with an "endpoint"'),
    "a wrong field": (("echo", '{"endpoint": 8182}'), 'did not answer with an "endpoint"'),
    "control characters": (("printf", '{"endpoint": "a\\\\u001bb"}'), 'did not answer with an "endpoint"'),
    "too slow": (("sleep", "60"), "did not finish within 0.5 s"),
}


@pytest.mark.parametrize(("up", "expected"), FAILURES.values(), ids=FAILURES.keys())
def test_each_failure_of_a_program_is_named(make: Make, up: tuple[str, ...], expected: str) -> None:
    """Whoever wrote the program reads which one failed and how, and what it made can be removed."""
    provisioner = make(up=up, down=("true",), status=GONE, timeout=0.5 if up[0] == "sleep" else 60)
    place = provisioner.reserve(NAME, port=True)
    with pytest.raises(ProvisionerFailed) as caught:
        provisioner.start(place, launch(place), manifest())
    assert str(caught.value).startswith("`up` of k8s")
    assert expected in str(caught.value)
    assert "$ up" in provisioner.log(NAME)
    provisioner.destroy(NAME)
    assert provisioner.names() == ()


@pytest.mark.parametrize("answer", ["{}", '{"state": "fine"}', '{"state": ["ready"]}', "ready"])
def test_a_status_that_says_nothing_known_is_no_state(make: Make, answer: str) -> None:
    """An instance is not called stopped because its `status` is broken."""
    place = make().reserve(NAME, port=True)
    make().start(place, launch(place), manifest())
    with pytest.raises(ProvisionerFailed, match="`status` of k8s did not answer"):
        make(status=("printf", "%s", answer)).status(NAME)
    make().destroy(NAME)


def test_a_down_that_leaves_something_is_a_failure(make: Make) -> None:
    """The folder stays until `status` says that the instance is gone, and destroying can be repeated."""
    place = make().reserve(NAME, port=True)
    make().start(place, launch(place), manifest())
    with pytest.raises(ProvisionerFailed, match="still finds"):
        make(down=("true",)).destroy(NAME)
    with pytest.raises(ProvisionerFailed, match="ended with code 1"):
        make(down=("false",)).destroy(NAME)
    assert make().status(NAME) is InstanceState.READY
    make().destroy(NAME)
    assert not answers(place)


def test_down_is_not_run_for_what_was_never_up(make: Make, tmp_path: Path) -> None:
    """A reservation that was given up costs no call of a program."""
    provisioner = make(down=("touch", str(tmp_path / "called")), status=READY)
    provisioner.reserve(NAME, port=True)
    assert provisioner.status(NAME) is InstanceState.STOPPED
    provisioner.destroy(NAME)
    assert not (tmp_path / "called").exists()


def test_an_up_that_failed_half_way_is_taken_down(make: Make, tmp_path: Path) -> None:
    """What a failed `up` may have made is removed by `down`."""
    provisioner = make(up=("false",), down=("touch", str(tmp_path / "called")), status=GONE)
    place = provisioner.reserve(NAME, port=True)
    with pytest.raises(ProvisionerFailed):
        provisioner.start(place, None, manifest())
    provisioner.destroy(NAME)
    assert (tmp_path / "called").exists()
