"""`catalog rebuild` at the command line, and what the other verbs say of a catalog that can't be used."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from cli.session import NoGroups
from core.bootstrap import SHAPES, build_core
from core.config import read_config
from core.model.naming import CATALOG_SOURCE
from core.model.person import SYSTEM
from core.services.copy_catalog import LINEAGE
from tests.support.terminal import Terminal


def catalog_of(safehold: Terminal) -> Path:
    """Return the catalog's path."""
    return safehold.workplace.folder / "state" / "catalog.db"


def test_a_deleted_catalog_is_rebuilt(safehold: Terminal) -> None:
    """Nothing starts over silently: the list names the way, the rebuild says what it did, and the list is back."""
    ids = [safehold.backup() for _ in range(2)]
    catalog_of(safehold).unlink()
    lost = safehold("list")
    assert (lost.code, "is gone, and the vaults hold backups" in lost.err) == (5, True)
    assert "safehold catalog rebuild" in lost.err
    assert "catalog: " in safehold("doctor", "--no-slack").out
    shown = safehold("catalog", "rebuild", "--yes")
    assert shown.code == 0
    assert re.search(r"^adopted +2 records$", shown.out, re.MULTILINE)
    assert re.search(r"^copy +none used$", shown.out, re.MULTILINE)
    listed = safehold.json("list")["backups"]
    assert [backup["id"] for backup in listed] == [*reversed(ids)]
    assert "not read since the catalog was rebuilt" in listed[0]["warning"]


def test_a_damaged_catalog_names_the_way(safehold: Terminal) -> None:
    """The command line changes nothing by itself: exit code 7 and the next step; the file stays until it is asked."""
    safehold.backup()
    path = catalog_of(safehold)
    for companion in path.parent.glob("catalog.db-*"):
        companion.unlink()
    path.write_bytes(b"rubbish" * 1000)
    shown = safehold("list")
    assert (shown.code, "safehold catalog rebuild" in shown.err) == (7, True)
    made = safehold.json("catalog", "rebuild", "--yes")["rebuilt"]
    assert Path(made["set_aside"]).read_bytes() == b"rubbish" * 1000
    assert (made["adopted"], made["from_copy"], made["copy"], made["untrusted"]) == (1, 0, None, 0)
    assert len(safehold.json("list")["backups"]) == 1


def test_what_was_not_adopted_is_listed(safehold: Terminal) -> None:
    """A manifest that can't be trusted stands in a table with why, and a broken chain is said."""
    safehold.backup()
    backup = safehold.backup()
    (manifest,) = (safehold.workplace.folder / "vault" / "orders" / backup).glob("manifest.json")
    manifest.write_bytes(b"{}")
    shown = safehold("catalog", "rebuild", "--yes", "--replace", "--manifests-only").out
    assert re.search(r"^not trusted +1$", shown, re.MULTILINE)
    assert re.search(rf"^local +orders +{backup} +The manifest can't be trusted", shown, re.MULTILINE)


def test_a_rebuild_is_asked_for_twice(safehold: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can be asked --yes is needed; nothing was changed."""
    safehold.backup()
    before = catalog_of(safehold).stat().st_ino
    shown = safehold("catalog", "rebuild", "--replace")
    assert (shown.code, "Add --yes to do it." in shown.err) == (2, True)
    assert catalog_of(safehold).stat().st_ino == before


def test_copies_of_other_catalogs_are_named(safehold: Terminal) -> None:
    """What the rebuild did not begin with stands in a table, with the way to begin with it; both ways exclude."""
    config = read_config(safehold.workplace.folder / "safehold.toml", SHAPES)
    made = []
    for lineage in ("first", "second"):
        core = build_core(config, role="bot", groups=NoGroups())
        core.catalog.marks.put(LINEAGE, lineage)
        core.catalog.audit.append(core.clock.now(), SYSTEM, "test", "", "done", {})
        core.copy_catalog(core.clock.now() + timedelta(minutes=len(made) * 6))
        core.close()
        made.append(lineage)
    shown = safehold("catalog", "rebuild", "--yes", "--replace").out
    (first, second) = sorted(path.name for path in (safehold.workplace.folder / "vault" / CATALOG_SOURCE).iterdir())
    assert re.search(rf"^copy .*{second} in local$", shown, re.MULTILINE)
    assert re.search(rf"^local +{first} .* UTC +1$", shown, re.MULTILINE)
    assert "safehold catalog rebuild --copy ID" in shown
    made_of_first = safehold.json("catalog", "rebuild", "--yes", "--replace", "--copy", first)["rebuilt"]
    assert made_of_first["other_copies"][0]["id"] == second
    shown = safehold("catalog", "rebuild", "--yes", "--manifests-only", "--copy", first)
    assert (shown.code, "exclude each other" in shown.err) == (2, True)


def test_a_sound_catalog_is_not_rebuilt_by_the_way(safehold: Terminal) -> None:
    """What the present one has and its copy lacks is counted, nothing is done; with --replace it is, and told."""
    backup = safehold.backup()
    config = read_config(safehold.workplace.folder / "safehold.toml", SHAPES)
    with build_core(config, role="bot", groups=NoGroups()) as core:
        core.copy_catalog(core.clock.now() + timedelta(minutes=6))
        copied = core.catalog.audit.head().seq
    safehold("keep", backup, "--why", "the audit")
    safehold("freeze", "--until", "7d", "--why", "look")
    safehold("schedule", "orders", "--daily", "04:00", "--yes")
    before = catalog_of(safehold).stat().st_ino
    refused = safehold("catalog", "rebuild", "--yes")
    assert (refused.code, "is sound: there is nothing to rebuild" in refused.err) == (3, True)
    assert re.search(r"lost to the new one: 3 entries of the audit record since 20\d\d-.* UTC", refused.err)
    assert "(among them 1 freeze, 1 changed schedule)" in refused.err
    assert "--replace" in refused.err
    alone = safehold("catalog", "rebuild", "--yes", "--manifests-only").err
    assert f": {copied + 3} entries of the audit record since" in alone
    assert catalog_of(safehold).stat().st_ino == before
    made = safehold("catalog", "rebuild", "--yes", "--replace").out
    goes_on = rf"^audit record +goes on after {copied} entries of the copy, the newest of 20.* UTC; the old one lies in"
    assert re.search(goes_on, made, re.MULTILINE)
    assert re.search(r"^set aside +.*catalog\.db\.aside-", made, re.MULTILINE)
