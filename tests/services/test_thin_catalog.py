"""What is over for long leaves the catalog, a few rows at a time; what is still of use never does."""

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.catalog import Catalog, Message
from core.catalog.thinning import AT_ONCE, SPENT
from core.model.backup import BackupState
from core.model.notice import Notice, NoticeKind
from core.services.thin_catalog import KEPT, TOLD_UNTIL, ThinCatalog
from tests.catalog import samples
from tests.catalog.samples import NOON
from tests.support.world import World

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
LATER = NOON + KEPT + DAY
GOOD = frozenset({BackupState.GOOD})
NOTICES = SPENT[0]
THINNER = """
import sys
from datetime import datetime
from pathlib import Path
from core.catalog import Catalog
from core.catalog.thinning import SPENT
with Catalog.open(Path(sys.argv[1])) as catalog:
    after = SPENT[0].first
    while after is not None:
        after = catalog.thinning.some(SPENT[0], datetime.fromisoformat(sys.argv[2]), 1_000_000, after)
        print(after, flush=True)
"""


@pytest.fixture
def catalog(world: World) -> Catalog:
    """Return an empty catalog in which everything is told."""
    world.core.catalog.marks.put(TOLD_UNTIL, "1000000")
    return world.core.catalog


def tell(catalog: Catalog, kind: NoticeKind = NoticeKind.CAUGHT_UP, about: str = "gods", key: str = "") -> Notice:
    """Tell something at noon, in a message of its own."""
    key = key or f"{catalog.revision()}"
    told = catalog.notices.tell(Notice(kind, about, key, NOON))
    assert told is not None
    posted(catalog, f"notice:{told.seq}")
    return told


def posted(catalog: Catalog, subject: str) -> None:
    """Note that a message stands."""
    catalog.messages.put(Message(subject, "main", "C1", "1.0", 0, "says"))


def shown(catalog: Catalog, subject: str) -> bool:
    """Say whether it is known where the message of a subject stands."""
    return catalog.messages.get(subject, "main") is not None


def seqs(catalog: Catalog) -> list[int]:
    """Return the numbers of all notices there are."""
    return [notice.seq for notice in catalog.notices.changed_since(0, 1_000_000)]


def thin(catalog: Catalog, now: datetime = LATER) -> None:
    """Do a pass."""
    ThinCatalog(catalog)(now)


def test_notices_of_long_ago_go_with_their_messages(catalog: Catalog) -> None:
    """The newest five of a kind about a source stay, and their messages."""
    told = [tell(catalog) for _ in range(8)]
    thin(catalog, LATER - 2 * DAY)
    assert len(seqs(catalog)) == 8
    thin(catalog)
    assert seqs(catalog) == [notice.seq for notice in told[3:]]
    assert [shown(catalog, f"notice:{notice.seq}") for notice in told] == [False] * 3 + [True] * 5


def test_what_was_told_last_of_each_story_stays(catalog: Catalog) -> None:
    """A source that is overdue for a year is not told again, whatever else was told since."""
    alarm = tell(catalog, NoticeKind.OVERDUE)
    for _ in range(9):
        tell(catalog)
        tell(catalog, NoticeKind.OVERDUE, "orders")
    thin(catalog, NOON + 365 * DAY)
    assert catalog.notices.newest("gods", NoticeKind.OVERDUE, NoticeKind.RECOVERED) == alarm


def test_what_nobody_was_told_yet_stays(catalog: Catalog) -> None:
    """While Slack takes no messages, or where nobody tells, nothing that waits is removed."""
    first = tell(catalog)
    waiting = [tell(catalog) for _ in range(7)]
    catalog.marks.put(TOLD_UNTIL, str(first.revision))
    thin(catalog)
    assert seqs(catalog) == [notice.seq for notice in waiting]
    catalog.marks.put(TOLD_UNTIL, "")
    thin(catalog, LATER + DAY)
    assert len(seqs(catalog)) == 7


def test_what_speaks_of_a_backup_that_is_there_stays(catalog: Catalog) -> None:
    """That it can't be deleted is told once, not every ninety days; when it is a tombstone, that goes."""
    backup = catalog.backups.adopt(samples.good(1))
    about = tell(catalog, NoticeKind.PRUNE_FAILED, key=backup.id)
    for _ in range(5):
        tell(catalog, NoticeKind.PRUNE_FAILED)
    thin(catalog)
    assert about.seq in seqs(catalog)
    catalog.backups.move(backup.id, GOOD, state=BackupState.PRUNED, pruned_at=NOON)
    thin(catalog, LATER + DAY)
    assert about.seq not in seqs(catalog)


def test_no_number_of_a_notice_is_given_twice(catalog: Catalog) -> None:
    """What is told after a thinning is new: no message of an old one is taken for its own."""
    old = [tell(catalog) for _ in range(9)]
    thin(catalog)
    assert tell(catalog).seq == old[-1].seq + 1


def test_links_that_expired_long_ago_go_and_the_newest_stay(catalog: Catalog) -> None:
    """Who took what stays in the audit record; a hundred links stay even where a clock ran ahead."""
    for number in range(103):
        catalog.downloads.create(samples.download(number))
        posted(catalog, f"download:d{number}")
    catalog.downloads.create(replace(samples.download(), id="fresh", expires_at=LATER))
    thin(catalog)
    gone = [n for n in range(103) if not shown(catalog, f"download:d{n}")]
    assert gone == [0, 1, 2, 3]
    assert catalog.downloads.get("d4").id == "d4"
    assert catalog.downloads.get("fresh").id == "fresh"


def test_messages_of_tombstones_go_and_all_others_stay(catalog: Catalog) -> None:
    """A backup that is there, or was deleted lately, keeps its message; so does a restore."""
    long_ago, lately, there = (catalog.backups.adopt(samples.good(number)) for number in (1, 2, 3))
    catalog.backups.move(long_ago.id, GOOD, state=BackupState.PRUNED, pruned_at=NOON)
    catalog.backups.move(lately.id, GOOD, state=BackupState.PRUNED, pruned_at=LATER - DAY)
    subjects = [f"backup:{one.id}" for one in (long_ago, lately, there)] + ["backup:unknown", "restore:r-1"]
    for subject in subjects:
        posted(catalog, subject)
    thin(catalog)
    assert [shown(catalog, subject) for subject in subjects] == [False, True, True, True, True]
    assert catalog.backups.get(long_ago.id).state is BackupState.PRUNED


def test_one_write_removes_few_rows(catalog: Catalog) -> None:
    """Others write in between: each write takes a batch, and the passes of a day take all of them."""
    with catalog.write():
        told = [tell(catalog) for _ in range(2 * AT_ONCE + 100)]
    after = catalog.thinning.some(NOTICES, LATER - KEPT, 1_000_000, NOTICES.first)
    assert after == told[AT_ONCE - 1].seq
    assert len(seqs(catalog)) == len(told) - AT_ONCE
    thin(catalog)
    assert len(seqs(catalog)) == 5


def test_it_is_done_once_a_day_also_after_the_clock_was_set_back(catalog: Catalog) -> None:
    """A second pass of a day finds that it was done; a mark from the future keeps none away."""
    for now, left in ((LATER, 5), (LATER + DAY / 2, 14), (LATER + DAY, 5), (LATER - DAY / 2, 5)):
        for _ in range(9):
            tell(catalog)
        thin(catalog, now)
        assert len(seqs(catalog)) == left


def test_killed_half_way_whole_batches_are_gone_and_the_rest_goes_later(catalog: Catalog) -> None:
    """After kill -9 each notice is there with its message or gone with it; who goes on removes the rest."""
    with catalog.write():
        told = [tell(catalog).seq for _ in range(6 * AT_ONCE)]
    argv = [sys.executable, "-c", THINNER, str(catalog.path), (LATER - KEPT).isoformat()]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as thinner:
        assert thinner.stdout is not None
        thinner.stdout.readline()
        thinner.kill()
    left = seqs(catalog)
    assert 0 < len(left) < len(told)
    assert left == [seq for seq in told if shown(catalog, f"notice:{seq}")]
    assert (len(told) - len(left)) % AT_ONCE == 0 or len(left) == 5
    thin(catalog)
    assert seqs(catalog) == told[-5:]


def test_the_bot_does_it_by_itself(world: World, catalog: Catalog) -> None:
    """It is among the duties."""
    for _ in range(9):
        tell(catalog)
    duty = next(duty for duty in world.core.duties.all if duty.name == "thin the catalog")
    world.clock.offset = LATER + DAY - world.clock.now()
    assert world.core.duties.run(duty)
    assert len(seqs(catalog)) == 5
