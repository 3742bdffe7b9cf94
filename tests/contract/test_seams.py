"""What the operating system forbids while things are removed comes out as our errors, with the path and a fix."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.engines.janusgraph_berkeleyje import JanusGraphBerkeleyJE
from core.engines.sqlite import SQLite
from core.errors import (
    OperationError,
    ProofFailed,
    ProvisionerFailed,
    SafeholdError,
    UnavailableError,
    VaultUnavailable,
)
from core.model.image import Image
from core.model.progress import silent
from core.model.source import Source
from core.ports import Engine
from core.provisioners.command import CommandProvisioner
from core.provisioners.process import ProcessProvisioner
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import BACKUP, SOURCE
from tests.support.engines import RealClock, manifest_of

NOBODY = 65_534
NAME = "janusgraph-restore-20261124T031500Z"


@contextmanager
def _forbidden(folder: Path) -> Iterator[None]:
    """Take every right to a folder away; root, who has all the same, acts as nobody meanwhile."""
    folder.chmod(0)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(NOBODY)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


def _said(error: SafeholdError, path: Path) -> None:
    assert str(path) in error.message
    assert "Permission denied" in f"{error.message} {error.detail}"
    assert error.hint


@pytest.mark.parametrize("kind", ["sqlite", "janusgraph-berkeleyje"])
def test_a_stage_that_may_not_be_removed_is_told(kind: str, tmp_path: Path) -> None:
    """An engine's stage that the system protects is unavailable, named by its path."""
    engines: tuple[Engine, ...] = (
        SQLite(tmp_path / "own", RealClock()),
        JanusGraphBerkeleyJE(tmp_path, RealClock(), tmp_path),
    )
    engine = next(engine for engine in engines if engine.name == kind)
    source = Source("tested", kind, "local", "here", options={"directory": tmp_path / "own" / "je"})
    stages = tmp_path / "own" / ("sqlite-stage" if kind == "sqlite" else ".safehold-stage")
    (stages / BACKUP / "inside").mkdir(parents=True)
    with _forbidden(tmp_path / "own"), pytest.raises(UnavailableError) as caught:
        engine.discard(source, BACKUP)
    _said(caught.value, stages / BACKUP)
    engine.discard(source, BACKUP)
    assert not (stages / BACKUP).exists()


def test_a_copy_that_may_not_be_read_is_no_damage(tmp_path: Path) -> None:
    """A scratch copy that the system keeps from being read leaves the backup unproven, not damaged."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "database.sqlite").write_bytes(b"")
    engine = SQLite(tmp_path, RealClock())
    manifest = manifest_of(engine, Image((), RealClock().now(), {}, {}))
    with _forbidden(tmp_path / "copy"), pytest.raises(OperationError, match="could not be proven") as caught:
        engine.prove(tmp_path / "copy", manifest, silent)
    assert not isinstance(caught.value, ProofFailed)
    with pytest.raises(ProofFailed):
        engine.prove(tmp_path / "copy", manifest, silent)


def test_an_unfinished_backup_that_may_not_be_removed_is_told(tmp_path: Path) -> None:
    """A vault whose folders are protected is unavailable."""
    (tmp_path / "vault" / SOURCE / BACKUP).mkdir(parents=True)
    vault = DirectoryVault("local", tmp_path / "vault")
    with _forbidden(tmp_path / "vault"), pytest.raises(VaultUnavailable) as caught:
        vault.discard(SOURCE, BACKUP)
    _said(caught.value, tmp_path / "vault")


@pytest.mark.parametrize("kind", ["process", "command"])
def test_an_instance_that_may_not_be_removed_is_told(kind: str, tmp_path: Path) -> None:
    """A provisioner whose directory is protected says so for every verb, and not that the folder is a stranger's."""
    directory = tmp_path / "own" / "instances"
    provisioner = (
        ProcessProvisioner("here", directory, memory=0)
        if kind == "process"
        else CommandProvisioner("here", directory, up=("true",), down=("true",), status=("true",))
    )
    provisioner.reserve(NAME, port=False)
    with _forbidden(tmp_path / "own"):
        for act in (lambda: provisioner.destroy(NAME), provisioner.room, lambda: provisioner.reserve("x", port=False)):
            with pytest.raises(ProvisionerFailed) as caught:
                act()
            _said(caught.value, directory)
    with _forbidden(directory / NAME), pytest.raises(ProvisionerFailed) as caught:
        provisioner.destroy(NAME)
    _said(caught.value, directory / NAME)
    provisioner.destroy(NAME)
    assert provisioner.names() == ()
