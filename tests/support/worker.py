"""A Safehold process for tests to kill: does one thing in a world and prints what it began.

python -m tests.support.worker ROOT backup
python -m tests.support.worker ROOT restore BACKUP_ID
"""

import sys
from pathlib import Path

from core.bootstrap import SHAPES, build_core
from core.config import read_config
from tests.support.world import ANNA, BEN, FixedGroups


def main(root: str, act: str, backup: str = "") -> None:
    """Start the core of a world that exists, do the act, wait for its end."""
    core = build_core(read_config(Path(root) / "safehold.toml", SHAPES), role="bot", groups=FixedGroups())
    with core:
        if act == "backup":
            key = core.create_backup("orders", ANNA).backup.id
        else:
            restore = core.request_restore(core.plan_restore(backup, ANNA), "test", ANNA)
            key = core.decide_restore(restore.id, BEN, approve=True).id
        sys.stdout.write(f"{key}\n")
        sys.stdout.flush()
        core.runner.wait(key, 60)


if __name__ == "__main__":
    main(*sys.argv[1:])
