"""A restored server runs what it is sent: that others can reach it has to be said in the configuration."""

from pathlib import Path

import pytest

from core.bootstrap import SHAPES
from core.config import read_config
from core.errors import ConfigInvalid

TEXT = """\
[sources.orders]
engine = "sqlite"
path = "orders.db"

[vaults.local]
type = "directory"
path = "vault"

[provisioners.here]
type = "process"
directory = "instances"
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "db.example.org", "127.0.0.1.example.org"])  # noqa: S104  what is refused
def test_a_host_that_others_reach_has_to_be_meant(tmp_path: Path, host: str) -> None:
    """An address beyond loopback is a fault with its line and reason, until expose = true stands beside it."""
    path = tmp_path / "safehold.toml"
    path.write_text(f'{TEXT}host = "{host}"\n')
    with pytest.raises(ConfigInvalid, match=r"line 12: .*run programs there.*expose = true") as caught:
        read_config(path, SHAPES)
    assert len(str(caught.value).splitlines()) == 1
    path.write_text(f'{TEXT}host = "{host}"\nexpose = true\n')
    assert read_config(path, SHAPES).provisioners["here"].options["host"] == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_nothing(tmp_path: Path, host: str) -> None:
    """Addresses of this machine alone are taken as they are."""
    path = tmp_path / "safehold.toml"
    path.write_text(f'{TEXT}host = "{host}"\n')
    assert read_config(path, SHAPES).provisioners["here"].options["expose"] is False
