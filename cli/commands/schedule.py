"""`schedule`: when backups of a source are taken, shown and changed."""

import shlex
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from cli import documents, exits, words
from cli.screen import Screen, table
from cli.session import me, opened, source_named
from core.bootstrap import Core
from core.errors import UsageError
from core.model.schedule import Due, Schedule
from core.model.schedule_told import describe, ended_warning, zones_told
from core.model.schedule_words import OFF, change, cron_typed, to_fields
from core.model.wall_time import zone_of
from core.services.living import NO_BOT, bot_runs

_RULES = ("daily", "weekly", "monthly")
_KEYS = ("zone", "at", "window", *_RULES)
_SWITCHES = (*_RULES, "cron", "all")
_SHOWN = "%a %Y-%m-%d %H:%M"


def schedule(given: Namespace, screen: Screen) -> int:
    """Show schedules, or show what a change makes of one and save it."""
    named = [key for key in (*_KEYS, "cron", "off") if getattr(given, key) is not None]
    with opened(given) as core:
        if not named and not given.reset:
            return _shown(core, given.source, screen)
        source = source_named(core, given.source, verb="schedule", doing="schedule")
        configured = core.adapters.source(source).schedule
        if given.reset and named:
            raise UsageError("--reset goes back to the configuration.", hint="Leave out what else is to be changed.")
        before = core.time.schedules.current(source)
        wanted = configured if given.reset else _changed(given, before)
        return _saved(core, source, wanted, given, screen)


def _shown(core: Core, named: str | None, screen: Screen) -> int:
    sources = [named] if named is not None else sorted(core.config.sources)
    found = {source: core.time.schedules.current(source) for source in sources}
    alone = not bot_runs(core.catalog, core.clock.now())
    document = {"schedules": [_document(core, source, one) for source, one in found.items()], "bot_runs": not alone}
    warning = f"\n\n{NO_BOT}" if alone else ""
    if len(sources) == 1:
        screen.say(_page(core, sources[0], found[sources[0]]) + warning, document)
        return exits.GOOD
    rows = []
    for source, one in found.items():
        due = core.time.schedules.next_due(source)
        coming = f"{words.moment(due.at)}, {words.tiers(due)}" if due else "-"
        rows.append((source, describe(one), coming, _set_by(core, source)))
    screen.say(table(("source", "schedule", "next", "set by"), rows) + warning, document)
    return exits.GOOD


def _page(core: Core, source: str, one: Schedule) -> str:
    changes = [
        (words.moment(told.at), str(told.fields["person"]["name"]), str(told.fields["says"]))
        for told in core.time.schedules.history(source)
    ]
    parts = [
        f"{source}: {describe(one)} ({_set_by(core, source)})",
        _runs(one, core.time.schedules.preview(source, one), core.config.zone),
        "\n".join(_warnings(core, source, one)),
        f"Last changes:\n{table(('when', 'by', 'schedule'), changes)}" if changes else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _set_by(core: Core, source: str) -> str:
    changed = core.time.schedules.changed(source)
    if changed is None or changed.fields is None:
        return "as configured"
    return f"set by {changed.changed_by.name}, {words.moment(changed.changed_at)}"


def _changed(given: Namespace, before: Schedule) -> Schedule:
    """Return the schedule as it is wanted."""
    off = given.off or []
    both = [key for key in off if getattr(given, key, None) is not None]
    if both or (given.daily and given.at and given.daily != given.at):
        which = f"--{both[0]} or --off {both[0]}" if both else "--daily or --at, which are the same time"
        raise UsageError("The change contradicts itself.", hint=f"Leave out {which}.")
    wanted = replace(before, daily=False, weekly=None, monthly=None) if given.cron else before
    for key in _KEYS:
        if (value := getattr(given, key)) is not None:
            wanted = change(wanted, key, value=False if value == "off" and key in _RULES else value)
    if given.cron:
        wanted = change(wanted, "cron", dict(map(cron_typed, given.cron)))
    for key in off:
        wanted = _switched_off(wanted, key)
    return wanted


def _switched_off(wanted: Schedule, key: str) -> Schedule:
    if key not in _SWITCHES:
        raise UsageError(f"--off takes no {key[:40]}.", hint=f"Write one of {', '.join(_SWITCHES)}.")
    if key == "all":
        return replace(OFF, zone=wanted.zone, at=wanted.at, window_seconds=wanted.window_seconds)
    return change(wanted, key, value=False)


def _saved(core: Core, source: str, wanted: Schedule, given: Namespace, screen: Screen) -> int:
    """Show the next runs, ask, and save."""
    schedules = core.time.schedules
    changed, before = schedules.changed(source), schedules.current(source)
    configured = changed is None or changed.fields is None
    if configured if given.reset else wanted == before:
        screen.say(f"{source}: {describe(wanted)}. That is its schedule already.", _outcome(core, source, saved=False))
        return exits.GOOD
    ended, warnings = ended_warning(before, wanted), _warnings(core, source, wanted)
    if not screen.json:
        runs = _runs(wanted, schedules.preview(source, wanted), core.config.zone)
        keep = _to_keep(before, wanted, given)
        screen.remark("\n".join([f"{source}: {describe(wanted)}", "", runs, *warnings, *keep, ""]))
    if not screen.agrees("Save it?", f"change the schedule of {source}", given):
        screen.say("Nothing was changed.", _outcome(core, source, saved=False))
        return exits.GOOD
    seen = changed.revision if changed else 0
    if given.reset:
        schedules.reset(source, me(), seen)
    else:
        schedules.change(source, wanted, me(), seen)
    text = f"Saved. {source} is backed up: {describe(wanted)}. {ended}".strip()
    screen.say(text, {**_outcome(core, source, saved=True), "warnings": warnings})
    return exits.GOOD


def _to_keep(before: Schedule, wanted: Schedule, given: Namespace) -> list[str]:
    """Return how tiers are kept that end only because an expression takes the place of all that is not named."""
    fields, ended = to_fields(before), {tier.value for tier in before.tiers - wanted.tiers}
    lost = [key for key in _RULES if fields[key] and key in ended and getattr(given, key) is None]
    lost = [key for key in lost if key not in (given.off or ())]
    if not given.cron or not lost:
        return []
    options = (f"--{key} {shlex.quote(fields['at'] if key == 'daily' else fields[key])}" for key in lost)
    return [f"--cron takes the place of the tiers that are not named. To keep them: {' '.join(options)}"]


def _outcome(core: Core, source: str, *, saved: bool) -> documents.Document:
    return {"saved": saved, "schedule": _document(core, source, core.time.schedules.current(source))}


def _runs(one: Schedule, dues: Sequence[Due], team: str) -> str:
    """Return the next runs, in the zone of the schedule, the team's and UTC."""
    if not dues:
        return "No run is to come: backups are taken on demand only."
    first, *others = zones_told(one, team)
    zones = [zone_of(name) for name in (first, *others)]
    rows = [(*(f"{due.at.astimezone(zone):{_SHOWN}}" for zone in zones), words.tiers(due)) for due in dues]
    return f"Next runs, and the next of each tier:\n{table((first, *others, 'tiers'), rows)}"


def _warnings(core: Core, source: str, one: Schedule) -> list[str]:
    return [f"Warning: {text}" for text in core.time.schedules.warnings(source, one)]


def _document(core: Core, source: str, one: Schedule) -> documents.Document:
    changed = core.time.schedules.changed(source)
    over = changed if changed and changed.fields is not None else None
    return {
        "source": source,
        "says": describe(one),
        "fields": to_fields(one),
        "configured": over is None,
        "changed_by": over and documents.person(over.changed_by),
        "changed_at": over and documents.moment(over.changed_at),
        "next": [documents.due(due) for due in core.time.schedules.preview(source, one)],
        "warnings": _warnings(core, source, one),
    }
