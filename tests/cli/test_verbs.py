"""The verbs over a real core, with a real SQLite source: what people read, and what scripts get."""

import hashlib
import json
import os
import pwd
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.catalog import Catalog
from core.model.person import Door, Person
from tests.support.terminal import APPROVER, ID, STRANGER, Terminal


def test_an_empty_list_says_what_to_do(safehold: Terminal) -> None:
    """Whoever has no backups yet is told how to take one."""
    shown = safehold("list")
    assert shown.code == 0
    assert "No backups of orders yet. Take one: safehold now orders." in shown.out


def test_a_backup_is_taken_proven_and_listed_first(safehold: Terminal) -> None:
    """`now` waits, says how it went in size and counts, and the newest stands on top of the list."""
    first = safehold.backup()
    taken = safehold("now", "orders", "--note", "before the migration")
    assert taken.code == 0
    assert "is done and proven." in taken.out
    assert "3 rows in 1 table" in taken.out
    lines = safehold("list", "orders").out.splitlines()
    assert lines[0] == "Backups of orders  SQLite"
    assert lines[1].startswith("Newest good backup")
    rows = [line for line in lines if ID.match(line)]
    assert "before the migration" in rows[0]
    assert rows[1].startswith(first)


def test_the_earlier_on_demand_backup_that_goes_is_named_at_the_act(safehold: Terminal) -> None:
    """The second `now` names the first by its note, with what holds it; once it is held, the third does not."""
    first = safehold.json("now", "--note", "before the migration")["backup"]["id"]
    told = safehold("now").err
    assert "Once it is good, the on-demand backup of " in told
    assert f"“before the migration” is let go. To hold it: safehold keep {first}" in told
    safehold("keep", first, "--why", "the migration")
    third = safehold.json("now")
    assert first not in {one["id"] for one in third["lets_go"]}
    assert third["lets_go"]
    begun = safehold("now", "--no-wait").out
    assert f"To hold it: safehold keep {third['backup']['id']}" in begun
    safehold.json("now")


def test_progress_goes_to_stderr_as_a_line_a_step(safehold: Terminal) -> None:
    """Without a terminal the steps are plain lines, and stdout holds the result alone."""
    taken = safehold("now")
    assert "Backup of orders initiated: " in taken.err
    assert taken.out.count("\n") == 1
    assert "\x1b" not in taken.err + taken.out


def test_a_list_goes_on_below_its_last_row(safehold: Terminal) -> None:
    """A page says how to get the older ones, and that command lists exactly those."""
    ids = [safehold.backup() for _ in range(3)]
    first = safehold("list", "--limit", "2").out
    assert f"2 of 3. Older: safehold list --older-than {ids[1]}" in first
    assert [backup["id"] for backup in safehold.json("list", "--older-than", ids[1])["backups"]] == [ids[0]]


def test_ids_may_be_shortened_and_mistakes_are_answered(safehold: Terminal) -> None:
    """A unique end of an id is enough; nothing and nonsense are refused by name with exit code 2."""
    backup = safehold.backup()
    assert safehold.json("show", backup.partition("-")[2])["backup"]["id"] == backup
    assert backup in safehold("show", backup[:12]).out
    unknown = safehold("show", "ffffff0")
    assert (unknown.code, unknown.out) == (2, "")
    wrong = safehold("list", "ordres")
    assert wrong.code == 2
    assert "Did you mean orders?" in wrong.err


def test_a_failed_backup_is_a_failed_command(safehold: Terminal) -> None:
    """Without its vault nothing is stored: exit 5, the reason, the next step, and the reference of the log."""
    (safehold.workplace.folder / "vault").rmdir()
    failed = safehold("now")
    assert (failed.code, failed.out) == (5, "")
    assert "The vault local isn't there" in failed.err
    assert "Reference: " in failed.err
    assert "failed: The vault local isn't there" in safehold("list").out


def test_verify_finds_a_changed_byte(safehold: Terminal) -> None:
    """A whole backup is proven again; one changed byte makes it damaged, with exit code 7."""
    backup = safehold.backup()
    assert "is proven: 3 rows in 1 table" in safehold("verify", backup).out
    archive = next((safehold.workplace.folder / "vault").rglob("*.tar.zst"))
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.chmod(0o600)
    archive.write_bytes(content)
    damaged = safehold("verify", backup)
    assert damaged.code == 7
    assert safehold.json("show", backup)["backup"]["state"] == "damaged"
    refused = safehold("restore", backup, "--reason", "try")
    assert refused.code == 3


def test_a_download_is_checked_and_unpacks_with_common_tools(safehold: Terminal, tmp_path: Path) -> None:
    """The file has the SHA-256 that is shown, and the printed commands check and unpack it."""
    backup = safehold.backup()
    folder = tmp_path / "taken here"
    folder.mkdir()
    taken = safehold("download", backup, "-o", str(folder))
    assert taken.code == 0
    archive = folder / f"orders-{backup}.tar.zst"
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in taken.out
    command = taken.out.splitlines()[-1].strip()
    subprocess.run(["bash", "-ec", command], check=True, capture_output=True, cwd=tmp_path)
    unpacked = next(folder.rglob("database.sqlite"))
    with sqlite3.connect(unpacked) as connection:
        assert connection.execute("select count(*) from album").fetchone() == (3,)
    connection.close()


def test_a_folder_that_is_not_there_gets_no_file_of_its_name(safehold: Terminal, tmp_path: Path) -> None:
    """With a slash at its end it is a folder: one that is missing, as that of an unplugged disk, is refused at once."""
    backup, usb = safehold.backup(), tmp_path / "usb"
    refused = safehold("download", backup, "-o", f"{usb}/")
    assert (refused.code, f"There is no folder {usb}/" in refused.err) == (2, True)
    assert not usb.exists()
    usb.mkdir()
    assert Path(safehold.json("download", backup, "-o", f"{usb}/")["path"]).parent == usb


def test_a_restore_needs_a_reason_and_somebody_else(safehold: Terminal) -> None:
    """A plan can be looked at; asking needs a reason; the requester can't approve; an approver can."""
    backup = safehold.backup()
    plan = safehold("restore", backup, "--dry-run", "--lifetime", "2h")
    assert "Lives for     2 h" in plan.out
    assert re.search(r"of disk \([\d.]+ [MG]B free\), .* of memory \([\d.]+ [MG]B free\)", plan.out)
    assert "Nothing was done." in plan.out
    assert safehold.json("approvals") == {"approvals": []}
    assert safehold("restore", backup).code == 2
    asked = safehold.json("restore", backup, "--reason", "check the cleanup")["restore"]
    assert asked["state"] == "waiting"
    assert "check the cleanup" in safehold("approvals").out
    for login, why in (("", "somebody else has to decide on it."), (STRANGER, "You may not decide on restores here.")):
        for words in (["approve", asked["id"]], ["approve", asked["id"], "--no-wait"], ["deny", asked["id"]]):
            refused = safehold(*words, login=login)
            assert (refused.code, refused.out) == (3, "")
            # Who is refused reads why and who may, and not first a plan that looks as if it went ahead.
            assert why in refused.err.splitlines()[0]
            assert "Those who may: the login daemon, the Slack user U0ARNE." in refused.err
            assert ("--break-glass" in refused.err) is (words[0] == "approve")
            assert asked["plan"]["instance"] not in refused.err
    with Catalog.open(safehold.workplace.folder / "state" / "catalog.db") as catalog:
        arne = Person("U0ARNE", "arne", Door.SLACK)
        catalog.audit.append(datetime.now(UTC), arne, "verify", backup, "initiated", {})
    assert "the login daemon, arne in Slack (U0ARNE)." in safehold("deny", asked["id"]).err
    changed = safehold("approve", asked["id"], "--plan", "0000-0000", login=APPROVER)
    assert changed.code == 3
    approved = safehold("approve", asked["id"], login=APPROVER)
    assert approved.code == 0
    assert "check the cleanup" in approved.err
    assert f"{asked['plan']['instance']} is ready." in approved.out
    assert "equal" in approved.out


def test_a_name_in_the_environment_is_nobody(safehold: Terminal) -> None:
    """Whoever sets LOGNAME to an approver's login stays who they are: their own request is not theirs to approve."""
    asked = safehold.json("restore", safehold.backup(), "--reason", "try")["restore"]
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        safehold.environment.setenv(name, APPROVER)
    own = safehold("approve", asked["id"])
    assert own.code == 3
    assert "somebody else" in own.err
    assert safehold.json("now")["backup"]["requested_by"]["id"] == f"os:{pwd.getpwuid(os.getuid()).pw_name}"


def test_an_instance_is_shown_extended_and_destroyed(safehold: Terminal) -> None:
    """What a restore made can be read, kept longer and removed with everything of it; twice is refused."""
    asked = safehold.json("restore", safehold.backup(), "--reason", "look")["restore"]
    name = asked["plan"]["instance"]
    made = safehold.json("approve", asked["id"], "--break-glass", "nobody awake")
    assert made["restore"]["decisions"][0]["break_glass"] is True
    files = Path(made["instance"]["endpoint"].removeprefix("sqlite:///"))
    assert files.is_file()
    assert "with break-glass" in safehold("show", asked["id"]).out
    assert name in safehold("instances").out
    assert "ready" in safehold("show", name).out
    before = made["instance"]["lease_ends_at"]
    assert safehold.json("extend", name, "--for", "8h")["instance"]["lease_ends_at"] > before
    unasked = safehold("destroy", name)
    assert unasked.code == 2
    assert files.is_file()
    destroyed = safehold("destroy", name, "--yes")
    assert f"{name} is destroyed." in destroyed.out
    assert not files.exists()
    assert safehold("destroy", name, "--yes").code == 3
    assert safehold("instances").out.startswith("No instances.")


def test_a_request_can_be_denied_or_withdrawn(safehold: Terminal) -> None:
    """A denied or withdrawn restore makes nothing, and can't be approved after."""
    backup = safehold.backup()
    denied = safehold.json("restore", backup, "--reason", "one")["restore"]["id"]
    assert "is denied" in safehold("deny", denied, "--reason", "use staging", login=APPROVER).out
    assert safehold("approve", denied, login=APPROVER).code == 3
    withdrawn = safehold.json("restore", backup, "--reason", "two")["restore"]["id"]
    assert safehold("cancel", withdrawn).code == 0
    assert safehold.json("show", withdrawn)["restore"]["state"] == "cancelled"
    assert safehold.json("instances") == {"instances": []}


def test_a_restore_begins_at_once_where_no_approval_is_required(safehold: Terminal) -> None:
    """With approval_required = false one command ends with a ready instance."""
    config = safehold.workplace.config
    config.write_text(config.read_text().replace("[access]", "[access]\napproval_required = false"))
    restored = safehold("restore", safehold.backup(), "--reason", "drill")
    assert restored.code == 0
    assert "is ready." in restored.out


@pytest.mark.parametrize(
    "note", ["<!channel> & <@U1|x>", 'quotes " and \\ and {}', "ünïcödé 📦", "[bold]not markup[/bold]"]
)
def test_a_note_is_shown_as_it_was_written(safehold: Terminal, note: str) -> None:
    """Markup in a note is text and nothing else."""
    taken = safehold.json("now", "--note", note)["backup"]
    assert taken["note"] == note
    assert note in safehold("show", taken["id"]).out


@pytest.mark.parametrize("note", ["x" * 201, "two\nlines", "\x1b[2J"])
def test_a_note_that_cant_stand_in_a_line_is_refused(safehold: Terminal, note: str) -> None:
    """An over-long note or one with control characters is refused, and nothing is begun."""
    assert safehold("now", "--note", note).code == 2
    assert safehold.json("list")["backups"] == []


def test_every_fault_of_a_configuration_is_told_at_once(safehold: Terminal) -> None:
    """A wrong configuration is answered with its lines, in words and as a document."""
    safehold.workplace.config.write_text('[sources.orders]\nengine = "oracle"\n[web]\nport = "many"\n')
    wrong = safehold("list")
    assert wrong.code == 2
    assert "line 2" in wrong.err
    assert "line 4" in wrong.err
    assert safehold("list", "--json").document["error"]["code"] == "config-invalid"


def test_a_source_must_be_named_where_there_are_several(safehold: Terminal) -> None:
    """With two sources `now` asks which, and names them."""
    config = safehold.workplace.config
    config.write_text('[sources.albums]\nengine = "sqlite"\npath = "orders.db"\n\n' + config.read_text())
    asked = safehold("now")
    assert asked.code == 2
    assert "There are: albums, orders." in asked.err
    assert safehold("now", "albums").code == 0


def test_the_version_is_told(safehold: Terminal) -> None:
    """People and scripts learn what runs here."""
    assert safehold("version").out.startswith("safehold ")
    assert set(safehold.json("version")) == {"version", "python"}


def test_a_fault_of_ours_gives_a_reference_and_no_stack(safehold: Terminal, tmp_path: Path) -> None:
    """What nobody foresaw ends with exit 1, a reference to the log, and no stack on the screen."""
    safehold.environment.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "state").write_text("a file where a folder should be")
    broken = safehold("list")
    assert broken.code in {1, 5, 7}
    assert "Traceback" not in broken.err + broken.out
    assert os.linesep.join(["", ""]) not in broken.out


def test_json_errors_are_valid_whatever_they_quote(safehold: Terminal) -> None:
    """A hostile word comes back inside a document that still parses."""
    hostile: Any = safehold("show", '"\\\x07\u2028{', "--json").out
    assert json.loads(hostile)["error"]["code"] in {"unknown-name", "usage"}
