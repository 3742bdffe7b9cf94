"""Keep, release, why and freeze, typed in a terminal."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from core.model.backup import BackupState, Tier
from tests.support.aged import aged, catalog, expire, manifest, row
from tests.support.terminal import Terminal

GOOD = frozenset({BackupState.GOOD})
DAYS = timedelta(days=1)
DAILY = frozenset({Tier.DAILY})
CONTRADICTION = "contradicts itself"


def test_a_backup_is_kept_and_released(safehold: Terminal) -> None:
    """A hold stands in the list, in show, in why and in the vault at once, and release takes it from all of them."""
    first, _ = safehold.backup(), safehold.backup()
    assert "no longer the most recent on-demand one" in safehold("why", first).out
    assert "goes next" in row(safehold, first)
    kept = safehold("keep", first, "--until", "2030-02-01", "--why", "the audit")
    assert (kept.code, kept.err) == (0, "")
    assert "is held until 2030-02-01 23:59" in kept.out
    assert '"the audit"' in kept.out
    assert "held until 2030-02-01" in row(safehold, first)
    shown = safehold("show", first).out
    assert "Held          until 2030-02-01" in shown
    assert "Kept because  held: the audit" in shown
    why = safehold("why", first).out
    assert "held: the audit [hold]" in why
    assert "lock " not in why
    assert f"Sooner: safehold release {first}" in why
    assert "the audit" in json.dumps(manifest(safehold, first))
    document = safehold.json("why", first)
    assert document["backup"]["hold"]["reason"] == "the audit"
    assert document["backup"]["verdict"]["locked_by"] == ["hold"]
    released = safehold("release", first)
    assert re.search(r'is released\. It was held until 2030-02-01 23:59 \S+ by \S+: "the audit"\. ', released.out)
    assert "It is let go next: no longer the most recent on-demand one." in released.out
    assert "the audit" not in json.dumps(manifest(safehold, first))
    assert safehold("release", first).code == 3


def test_a_hold_without_end_and_one_by_a_span(safehold: Terminal) -> None:
    """Without a time a hold lasts until it is released; a span counts from now; the second takes the first's place."""
    first, newest = safehold.backup(), safehold.backup()
    assert "is held without end by" in safehold("keep", first, "--why", "for ever").out
    assert row(safehold, first).split("proven")[1].split()[0] == "held"
    assert safehold("why", first).out.count("Sooner: safehold release") == 1
    shorter = safehold("keep", first, "--until", "3mo", "--why", "shorter").out
    assert re.search(r'It takes the place of a hold without end by \S+: "for ever"\.', shorter)
    hold = safehold.json("show", first)["backup"]["hold"]
    assert hold["reason"] == "shorter"
    assert datetime.fromisoformat(hold["until"]) - datetime.now(UTC) < 93 * DAYS
    assert "The policy keeps it: the most recent on-demand one" in kept_and_released(safehold, newest)


def test_what_is_held_or_frozen_until_today_says_the_time(safehold: Terminal) -> None:
    """Of an end that is near the list says the time with its offset; of one that is far the day."""
    first, _ = safehold.backup(), safehold.backup()
    for span, shape in (
        ("5h", r" until \d{4}-\d\d-\d\d \d\d:\d\d [+-]\d\d:\d\d "),
        ("9d", r" until \d{4}-\d\d-\d\d  "),
    ):
        safehold("keep", first, "--why", "the audit", "--until", span)
        assert re.search(f" held{shape}", row(safehold, first))
        safehold("release", first)
        safehold("freeze", "--why", "look", "--until", span)
        assert re.search(f" frozen{shape}", row(safehold, first))


def test_why_and_show_say_a_verdict_in_one_shape(safehold: Terminal) -> None:
    """A script finds the reasons of a backup at the same place in both, and in why the locks besides, each once."""
    backup = safehold.backup()
    safehold("freeze", "--until", "7d", "--why", "look")
    why, show = safehold.json("why", backup), safehold.json("show", backup)
    assert why["backup"] == show["backup"]
    assert [reason["by"] for reason in why["backup"]["verdict"]["reasons"]] == ["on-demand"]
    assert "reasons" not in why
    besides = {reason["by"]: set(reason) for reason in why["besides"]}
    assert besides["freeze"] == {"by", "says", "until"}
    assert "on-demand" not in besides


def test_release_is_advised_only_where_it_frees_something(safehold: Terminal) -> None:
    """Why says Sooner where a hold lasts longer than all else, and that nothing is freed where a rule lasts as long."""
    old, newest = *aged(safehold, 2)[:1], safehold.backup()
    nothing = "Releasing it frees nothing: what else keeps it lasts as long."
    for backup, until, advised in ((newest, "30d", False), (newest, "", False), (old, "30d", True), (old, "2d", False)):
        safehold("keep", backup, "--why", "the audit", *(("--until", until) if until else ()))
        why = safehold("why", backup).out
        assert (f"Sooner: safehold release {backup}" in why) is advised
        assert (nothing in why) is not advised
        assert ("It stays until " in why) is bool(until)


def kept_and_released(safehold: Terminal, backup: str) -> str:
    """Return what release says of a backup that the policy keeps."""
    safehold("keep", backup, "--why", "for a moment")
    return safehold("release", backup).out


def test_a_hold_that_the_vault_could_not_take_says_so(safehold: Terminal) -> None:
    """While the vault is away the hold stands in the catalog, and the person reads that the manifest waits."""
    backup, folder = safehold.backup(), safehold.workplace.folder
    (folder / "vault").rename(folder / "away")
    kept = safehold("keep", backup, "--why", "the audit")
    assert kept.code == 0
    assert "is held without end" in kept.out
    assert "The vault local could not be written: its manifest does not say so yet. It holds all the same" in kept.err
    assert safehold.json("release", backup)["in_manifest"] is False
    (folder / "away").rename(folder / "vault")
    assert safehold.json("keep", backup, "--why", "again")["in_manifest"] is True


def test_a_hold_on_a_backup_whose_manifest_is_gone_warns(safehold: Terminal) -> None:
    """Whoever holds a backup that turns out to be damaged learns it at once."""
    backup = safehold.backup()
    (safehold.workplace.folder / "vault" / "orders" / backup / "manifest.json").unlink()
    assert (
        "Warning: it is damaged. The vault local holds no finished backup" in safehold("keep", backup, "--why", "x").err
    )


@pytest.mark.parametrize(
    ("words", "code", "says", "hint"),
    [
        (["keep", "ID", "--why", "x", "--until", "2020-01-01"], 2, "is past.", "Name a time to come"),
        (["keep", "ID", "--why", "x", "--until", "soon"], 2, '"soon" is no time.', "2027-02-01"),
        (["keep", "ID", "--why", "x", "--until", "3m"], 2, '"3m" would be minutes', "3mo for three months"),
        (["keep", "ID", "--why", "x", "--until", "50y"], 2, "ten years at most", "Leave the date out"),
        (["keep", "ID"], 2, "A hold needs a reason.", "--why"),
        (["keep", "ID", "--why", " "], 2, "A hold needs a reason.", "--why"),
        (["keep", "ID", "--why", "two\nlines"], 2, "line break", "one line"),
        (["keep", "ffffff0", "--why", "x"], 2, "ffffff0", "safehold"),
        (["release", "ID"], 3, "Nobody holds", "Nothing was changed."),
        (["why", "ffffff0"], 2, "ffffff0", "safehold"),
        (["freeze"], 2, "Say until when.", "safehold freeze --until 7d"),
        (["freeze", "--until", "7d"], 2, "A freeze needs a reason.", "safehold freeze"),
        (["freeze", "--until", "2020-01-01", "--why", "x"], 2, "is past.", "Name a time to come"),
        (["freeze", "--until", "3m", "--why", "x"], 2, '"3m" would be minutes', "3mo for three months"),
        (["freeze", "--until", "3y", "--why", "x"], 2, "A freeze lasts a year at most.", "Name a time up to 20"),
        (["thaw"], 3, "Retention is not frozen.", "Nothing was changed."),
        (["policy", "ordrs"], 2, "I don't know a source ordrs.", "Did you mean orders?"),
        (["schedule", "ordrs"], 2, "I don't know a source ordrs.", "Did you mean orders?"),
        (["schedule", "ordrs", "--daily", "03:00"], 2, "I don't know a source ordrs.", "Did you mean orders?"),
        (["schedule", "--zone", "CET"], 2, "short or old name", "Europe/Berlin"),
        (["schedule", "--daily", "25:00"], 2, "daily is", "03:00"),
        (["schedule", "--weekly", "someday"], 2, "no day of the week", "sunday"),
        (["schedule", "--monthly", "32"], 2, "no day of a month", "1 to 31"),
        (["schedule", "--cron", "* * *"], 2, "no cron expression", "minute, hour"),
        (["schedule", "--cron", "0 3 * * * = hourly"], 2, "is no tier of a schedule", "daily"),
        (["schedule", "--window", "40h"], 2, "no window", "23h"),
        (["schedule", "--off", "hourly"], 2, "--off takes no hourly.", "daily, weekly, monthly, cron, all"),
        (["schedule", "--off", "weekly", "--weekly", "mon"], 2, CONTRADICTION, "Leave out --weekly or --off weekly."),
        (["schedule", "--daily", "03:00", "--at", "04:00"], 2, CONTRADICTION, "the same time"),
        (["schedule", "--reset", "--daily", "03:00"], 2, "--reset goes back", "Leave out"),
        (["schedule", "--daily", "04:00"], 2, "Nobody is here to ask whether to change the schedule", "Add --yes"),
    ],
)
def test_what_cannot_be_is_refused_with_the_next_step(
    safehold: Terminal, words: list[str], code: int, says: str, hint: str
) -> None:
    """Each mistake has its exit code, its reason and its next step, and changes nothing."""
    backup = safehold.backup() if "ID" in words else ""
    refused = safehold(*(backup if word == "ID" else word for word in words))
    assert (refused.code, refused.out) == (code, "")
    assert says in refused.err
    assert hint in refused.err
    assert safehold.json("list")["freeze"] is None
    assert safehold.json("schedule")["schedules"][0]["configured"] is True


def test_an_incident_freeze_stands_on_every_list(safehold: Terminal) -> None:
    """From freeze to thaw each list and the policy begin with it, an empty list too, and the document has it."""
    frozen = safehold("freeze", "--until", "7d", "--why", "rows are missing")
    assert frozen.code == 0
    assert "Retention is frozen until " in frozen.out
    for words in (["list"], ["list", "orders"], ["policy"]):
        assert safehold(*words).out.startswith("FROZEN until ")
    first, _ = safehold.backup(), safehold.backup()
    assert "frozen until" in row(safehold, first)
    assert "nothing goes while retention is frozen [freeze]" in safehold("why", first).out
    why, document = safehold("why", first).out, safehold.json("why", first)
    assert "If backups go on as scheduled, its bytes are deleted from" in why
    foretold = safehold.json("policy")
    [row_of] = foretold["leaving"]
    assert (row_of["id"], row_of["at"]) == (first, document["leaves_at"])
    assert document["leaves_at"] > document["backup"]["verdict"]["kept_until"] == foretold["freeze"]["until"]
    assert safehold.json("list")["freeze"]["reason"] == "rows are missing"
    assert safehold.json("policy")["freeze"]["by"]["door"] == "command-line"
    thawed = safehold("thaw")
    assert thawed.out.startswith("Retention goes on. It was frozen by ")
    assert not safehold("list").out.startswith("FROZEN")
    assert safehold.json("list")["freeze"] is None


def test_what_was_let_go_is_told_as_such(safehold: Terminal) -> None:
    """An expired backup says why and from when its bytes go, and keep saves it; being deleted and gone say so."""
    first, second, third, _ = aged(safehold, 4)
    for key in (first, second, third):
        expire(safehold, key)
    assert "expired, proven: older than 7 days (daily)" in row(safehold, first)
    # Four daily ones have seven places: the policy would keep them after all, and that is what is shown.
    assert "until " in row(safehold, first)
    with catalog(safehold) as found:
        found.backups.move(second, frozenset({BackupState.EXPIRED}), state=BackupState.PRUNING)
        gone = {"state": BackupState.PRUNED, "pruned_at": datetime.now(UTC)}
        found.backups.move(third, frozenset({BackupState.EXPIRED}), **gone)
    assert "expired: being deleted" in row(safehold, second)
    assert "it is being deleted" in safehold("why", second).out
    assert third not in safehold("list").out
    shown = safehold("show", third).out
    assert "Goes because  older than 7 days (daily)" in shown
    assert "Pruned" in shown
    assert "Its bytes were deleted" in safehold("why", third).out
    assert safehold("keep", third, "--why", "too late").code == 3
    assert safehold("keep", first, "--why", "saved").code == 0
    assert safehold.json("show", first)["backup"]["state"] == "good"


def test_what_goes_next_says_what_it_was_taken_for_and_how_far_it_was_checked(safehold: Terminal) -> None:
    """A row of what goes has the note of its backup and its proof, in words and in the document."""
    safehold("now", "--note", "before the migration")
    safehold.backup()
    shown = safehold("policy").out
    [line] = [line for line in shown.splitlines() if "before the migration" in line]
    assert " proven " in line
    [leaving] = safehold.json("policy")["leaving"]
    assert (leaving["note"], leaving["state"], leaving["proof"]) == ("before the migration", "good", "proven")


def test_no_door_names_a_date_inside_a_freeze(safehold: Terminal) -> None:
    """Of an expired backup the row, why and both documents have one date: the end of the freeze."""
    first, _ = safehold.backup(), safehold.backup()
    expire(safehold, first)
    safehold("freeze", "--until", "10d", "--why", "look")
    why, until = safehold.json("why", first), safehold.json("policy")["freeze"]["until"]
    [leaving] = safehold.json("policy")["leaving"]
    assert why["leaves_at"] == why["backup"]["verdict"]["kept_until"] == leaving["at"] == until
    assert safehold("why", first).out.count(until[:10]) >= 2


def test_a_schedule_that_is_off_is_said_where_nothing_can_be_foretold(safehold: Terminal) -> None:
    """What waits for a backup that nothing takes is not listed: policy and why say what it waits for."""
    first, _ = safehold.backup(), safehold.backup()
    safehold("keep", first, "--until", "2d", "--why", "look")
    assert [one["id"] for one in safehold.json("policy")["leaving"]] == [first]
    assert "If backups go on as scheduled, its bytes are deleted from" in safehold("why", first).out
    assert safehold("schedule", "orders", "--off", "all", "--yes").code == 0
    shown = safehold.json("policy")
    assert (shown["leaving"], shown["unscheduled"]) == ([], ["orders"])
    assert "No backup is scheduled of orders: what waits for a newer good one goes" in safehold("policy").out
    assert "It is let go with the first good backup after that." in safehold("why", first).out


def test_an_expired_one_says_from_when_it_is_deleted(safehold: Terminal) -> None:
    """Beside a good one of later, an expired on-demand one has the day from which its bytes go."""
    first, _ = safehold.backup(), safehold.backup()
    expire(safehold, first)
    assert "deleted from " in row(safehold, first)
    assert "Deleted from" in safehold("show", first).out
    why = safehold("why", first).out
    assert "is not kept. Its bytes are deleted from" in why
    assert "Until then safehold keep saves it." in why
    (leaving,) = safehold.json("policy")["leaving"]
    assert (leaving["id"], leaving["why"]) == (first, "older than 7 days (daily)")


def test_a_failed_backup_has_nothing_to_keep(safehold: Terminal) -> None:
    """Of a run that stored nothing the list says no time, and why says that its record stays."""
    vault = safehold.workplace.folder / "vault"
    vault.rename(vault.with_name("away"))
    safehold("now")
    vault.with_name("away").rename(vault)
    (failed,) = safehold.json("list")["backups"]
    assert failed["verdict"] is None
    assert "nothing of it is stored: its record stays" in safehold("why", failed["id"]).out
