"""The program as a process: Ctrl-C, SIGTERM, the background, a closed pipe, a real terminal."""

import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.session import me
from tests.support.terminal import ROOT, Workplace
from tests.support.waiting import until

PATIENCE_SECONDS = 60.0
ROWS_FOR_A_LONG_RUN = 1_500_000


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_an_interrupted_backup_cleans_up_and_says_so(workplace: Workplace, number: int, code: int) -> None:
    """Ctrl-C, SIGTERM and SIGHUP stop the run of this process: cancelled on record, nothing left in vault or stage."""
    workplace.fill(ROWS_FOR_A_LONG_RUN)
    process = workplace.start("now", "--json")
    until(
        lambda: (
            any((workplace.folder / "vault").glob("*/**/*.part*"))
            or bool(list((workplace.folder / "vault").rglob("*.zst*")))
        )
    )
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code, err
    assert '"code": "cancelled"' in out
    assert workplace.typed("list", "--json").document["backups"][0]["state"] == "cancelled"
    assert not [path for path in (workplace.folder / "vault").glob("*/**/*") if path.is_file()]


def test_a_backup_in_the_background_outlives_its_command(workplace: Workplace) -> None:
    """--no-wait returns with the pending backup; it is good later, without anybody waiting."""
    begun = workplace.typed("now", "--no-wait", "--json", "--note", "in the background").document["backup"]
    assert begun["note"] == "in the background"

    def good() -> bool:
        state: str = workplace.typed("show", begun["id"], "--json").document["backup"]["state"]
        assert state in {"pending", "running", "good"}
        return state == "good"

    until(good)


def test_every_long_verb_can_go_on_in_the_background(workplace: Workplace) -> None:
    """Verify, restore, approve and destroy return once they have begun, and end well by themselves."""

    def shown(what: str, reference: str) -> dict[str, Any]:
        found: dict[str, Any] = workplace.typed("show", reference, "--json").document[what]
        return found

    backup = workplace.typed("now", "--json").document["backup"]
    assert workplace.typed("verify", backup["id"], "--no-wait").code == 0
    until(lambda: shown("backup", backup["id"])["verified_at"] > backup["verified_at"])
    asked = workplace.typed("restore", backup["id"], "--reason", "look", "--no-wait", "--json").document["restore"]
    assert asked["state"] == "waiting"
    refused = workplace.typed("approve", asked["id"], "--no-wait", "--json")
    assert refused.document["error"]["code"] == "own-request"
    assert workplace.typed("approve", asked["id"], "--no-wait", "--break-glass", "alone").code == 0
    name = asked["plan"]["instance"]
    until(lambda: shown("instance", name)["state"] == "ready")
    assert workplace.typed("destroy", name, "--no-wait", "--yes").code == 0
    until(lambda: shown("instance", name)["state"] == "destroyed")


def test_a_restore_without_approval_can_go_on_in_the_background(workplace: Workplace) -> None:
    """Where nobody has to approve, --no-wait returns with the instance provisioning."""
    text = workplace.config.read_text().replace("[access]", "[access]\napproval_required = false")
    workplace.config.write_text(text)
    backup = workplace.typed("now", "--json").document["backup"]["id"]
    begun = workplace.typed("restore", backup, "--reason", "look", "--no-wait", "--json").document["restore"]
    until(lambda: workplace.typed("show", begun["id"], "--json").document["restore"]["state"] == "ready")


def test_a_refusal_in_the_background_reaches_the_person(workplace: Workplace) -> None:
    """What the other process refuses is told here, with its own code and exit code."""
    refused = workplace.typed("now", "--no-wait", "--json", "--note", "x" * 300)
    assert refused.code == 2
    assert refused.document["error"]["code"] == "usage"


def test_two_at_once_join_in_one_backup(workplace: Workplace) -> None:
    """A second `now` while one runs waits for the same backup, told that it is from before; both end well."""
    workplace.fill(ROWS_FOR_A_LONG_RUN // 3)
    both = [workplace.start("now", "--json", "--note", "mine") for _ in range(2)]
    ended = [process.communicate(timeout=PATIENCE_SECONDS) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    listed = workplace.typed("list", "--json").document
    assert listed["backups"][0]["state"] == "good"
    told = ["under way already" in err for _, err in ended]
    assert sum(told) == 2 - listed["total"]
    for joined, (_, err) in zip(told, ended, strict=True):
        assert ("Your note was not kept." in err) is joined
        assert ("before you asked" in err) is joined


def test_a_closed_pipe_is_no_fault(workplace: Workplace) -> None:
    """`safehold list | true` ends quietly."""
    read, write = os.pipe()
    os.close(read)
    process = workplace.start("list", stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 141
    assert err == ""


def test_a_terminal_gets_a_bar_and_is_asked(workplace: Workplace) -> None:
    """On a terminal progress moves in place, a reason is asked for, and destroying has to be agreed to."""
    taken = on_a_terminal(workplace, ["now"], b"")
    assert "\x1b[" in taken
    assert "is done and proven" in taken
    backup = workplace.typed("list", "--json").document["backups"][0]["id"]
    asked = on_a_terminal(workplace, ["restore", backup], b"because\n")
    assert "Reason: " in asked
    assert "waits for approval" in asked
    restore = workplace.typed("approvals", "--json").document["approvals"][0]
    assert restore["reason"] == "because"
    assert workplace.typed("approve", restore["id"], "--break-glass", "alone").code == 0
    kept = on_a_terminal(workplace, ["destroy", restore["plan"]["instance"]], b"n\n")
    assert "Nothing was destroyed." in kept
    gone = on_a_terminal(workplace, ["destroy", restore["plan"]["instance"]], b"y\n")
    assert "is destroyed." in gone


def test_a_terminal_is_asked_before_a_schedule_is_saved(workplace: Workplace) -> None:
    """The next runs stand above the question; no saves nothing, yes saves; a hold and a freeze ask why."""
    backup = workplace.typed("now", "--json").document["backup"]["id"]
    kept = on_a_terminal(workplace, ["schedule", "--daily", "04:00"], b"n\n")
    assert kept.index("Next runs, and the next of each tier") < kept.index("Save it? [y/N]")
    assert "Nothing was changed." in kept
    assert "Saved. orders is backed up: daily 04:00" in on_a_terminal(
        workplace, ["schedule", "--daily", "04:00"], b"y\n"
    )
    held = on_a_terminal(workplace, ["keep", backup], b"the audit\n")
    assert f'by {me().name}: "the audit"' in held
    assert "frozen until" in on_a_terminal(workplace, ["freeze", "--until", "1d"], b"an incident\n")


def test_ctrl_d_is_no_answer(workplace: Workplace) -> None:
    """Who ends a prompt with Ctrl-D gave no reason, and has not agreed: nothing is done, and the next step is said."""
    backup = workplace.typed("now", "--json").document["backup"]["id"]
    asked = on_a_terminal(workplace, ["restore", backup], b"\x04", code=2)
    assert 'Add one: --reason "check the cleanup".' in asked
    assert workplace.typed("approvals", "--json").document["approvals"] == []
    restore = workplace.typed("restore", backup, "--reason", "look", "--json").document["restore"]
    assert workplace.typed("approve", restore["id"], "--break-glass", "alone").code == 0
    assert "Nothing was destroyed." in on_a_terminal(workplace, ["destroy", restore["plan"]["instance"]], b"\x04")
    assert workplace.typed("destroy", restore["plan"]["instance"], "--yes").code == 0


def test_help_needs_no_configuration(tmp_path: Path) -> None:
    """Help comes in any folder, in under the time in which a person gets impatient."""
    shown = Workplace(tmp_path).typed("--help")
    assert shown.code == 0
    assert "restore" in shown.out


def test_make_explains_itself() -> None:
    """`make` alone lists what there is."""
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "lint", "bench", "torture", "clean"):
        assert f"make {target}" in shown


def on_a_terminal(workplace: Workplace, words: list[str], typed: bytes, code: int = 0) -> str:
    """Run a command on a pseudo-terminal and return all that stood on it."""
    ours, theirs = pty.openpty()
    process = workplace.start(
        *words, stdin=theirs, stdout=theirs, stderr=theirs, env={"TERM": "xterm", "COLUMNS": "200"}
    )
    os.close(theirs)
    os.write(ours, typed)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # Linux's way to say that nobody holds the other end any more
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(PATIENCE_SECONDS) == code, shown
    return shown.decode()
