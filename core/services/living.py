"""Whether another Safehold lives, as far as can be seen from here."""

from datetime import datetime

from core.catalog import Catalog
from core.catalog.processes import Process
from core.runtime.identity import alive

SECONDS_WITHOUT_A_BEAT = 45.0
"""A process of another host is taken for dead after nine missed heartbeats."""
SECONDS_UNHEARD = 3_600.0
"""A bot of another host is only said not to run when it was not heard of for so long: clocks may differ."""
BOT = "bot"
NO_BOT = (
    "No bot runs over this catalog: nothing is backed up by schedule, let go or told until one does (safehold serve)."
)


def lives(process: Process, now: datetime, unheard_seconds: float = SECONDS_WITHOUT_A_BEAT) -> bool:
    """Say whether it runs: on this host that is seen, of another one it was heard of lately, by whichever clock."""
    seen = alive(process.owner)
    return abs((now - process.beat_at).total_seconds()) < unheard_seconds if seen is None else seen


def bot_runs(catalog: Catalog, now: datetime) -> bool:
    """Say whether any bot runs over a catalog: the command line does nothing by itself."""
    return any(process.role == BOT and lives(process, now, SECONDS_UNHEARD) for process in catalog.processes.all())
