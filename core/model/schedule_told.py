"""What is said to people about a schedule: it in words, and where it does not fit what is asked of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time
from itertools import islice, pairwise

from core.model.backup import Tier
from core.model.quoting import ordinal, short
from core.model.schedule import Cron, Monthly, Schedule, next_after, occurrences
from core.model.schedule_words import time_text
from core.model.wall_time import day_at, zone_of

_SHORTEST_MONTH = 28
_LOOKED_AT = 40
_OFTEN = 15 * 60
"""Seconds: what comes sooner after the one before is hardly meant, each run being a whole backup."""


def describe(schedule: Schedule) -> str:
    """Return it in words: "daily 03:00, weekly on Sundays, monthly on the 1st, Europe/Berlin"."""
    if not schedule.on:
        return "nothing by itself, on demand only"
    window = [f"started within {short(schedule.window_seconds)}"] if schedule.window_seconds else []
    return ", ".join([*_rules(schedule), *window, schedule.zone])


def window_warning(schedule: Schedule, last_run_seconds: float) -> str:
    """Return what to say where the last run took longer than the window is; "" where there is nothing to say."""
    if not schedule.window_seconds or last_run_seconds <= schedule.window_seconds:
        return ""
    minutes = -int(-last_run_seconds // 60)
    return (
        f"The window is {short(schedule.window_seconds)}, and the last run took {minutes} min: "
        "a run may go on long after the window. Widen it, or leave more time after it."
    )


def goal_warning(schedule: Schedule, source: str, goal_seconds: int, after: datetime) -> str:
    """Return what to say where the next runs are further apart than the goal; "" where there is nothing to say."""
    dues = islice(occurrences(schedule, source, after), _LOOKED_AT)
    pause = max((int((late.at - early.at).total_seconds()) for early, late in pairwise(dues)), default=0)
    if pause <= goal_seconds:
        return ""
    return (
        f"Backups of {source} are up to {short(pause)} apart, and its goal is {short(goal_seconds)}: it will be "
        "overdue in between. Add a tier, or raise its goal."
    )


def often_warning(schedule: Schedule, source: str, after: datetime) -> str:
    """Return what to say where cron runs more often than every quarter of an hour; "" where there is nothing to say."""
    by_cron = replace(schedule, daily=False, weekly=None, monthly=None, window_seconds=0)
    dues = islice(occurrences(by_cron, source, after), _LOOKED_AT)
    pause = min((int((late.at - early.at).total_seconds()) for early, late in pairwise(dues)), default=_OFTEN)
    if pause >= _OFTEN:
        return ""
    often = "minute" if pause == 60 else f"{pause // 60} minutes"  # noqa: PLR2004 - a minute
    return f"By cron it runs as often as every {often}, each time a whole backup. Once an hour is 0 * * * *."


def stopped_warning(before: Schedule, after: Schedule, source: str, now: datetime) -> str:
    """Return what to say where a change ends all runs of a source; "" elsewhere."""
    if next_after(before, source, now) is None or next_after(after, source, now) is not None:
        return ""
    return f"Nothing of {source} is backed up by itself any more: it becomes overdue unless somebody minds it by hand."


def ended_warning(before: Schedule, after: Schedule) -> str:
    """Return what to say where a change ends some tiers, and others go on; "" elsewhere."""
    ended = before.tiers - after.tiers
    if not ended or not after.on:
        return ""
    *some, last = (tier.value for tier in Tier if tier in ended)
    named = f"{', '.join(some)} and {last}" if some else last
    return f"{named.capitalize()} backups end: by this schedule none are taken any more."


def skipped_warning(before: Schedule, after: Schedule, source: str, now: datetime) -> str:
    """Return what to say where a run is due today and a change leaves the rest of the day without one; "" elsewhere."""
    zone, due, instead = zone_of(before.zone), next_after(before, source, now), next_after(after, source, now)
    today = day_at(zone, now)
    if due is None or day_at(zone, due.at) != today or (instead and day_at(zone, instead.at) == today):
        return ""
    return (
        f"The run that is due today at {due.at.astimezone(zone):%H:%M} {before.zone} is left out: by this schedule "
        "there is none any more today. Save it after that run, or back up by hand."
    )


def zones_told(schedule: Schedule, team: str) -> tuple[str, ...]:
    """Return the zones in which its runs are told, each once: its own, the team's and UTC."""
    return tuple(dict.fromkeys((schedule.zone, team, "UTC")))


def _rules(schedule: Schedule) -> Iterator[str]:
    if schedule.daily:
        yield f"daily {time_text(schedule.at)}"
    if weekly := schedule.weekly:
        yield f"weekly on {weekly.weekday.name.capitalize()}s{_own_time(schedule, weekly.at)}"
    if monthly := schedule.monthly:
        yield _monthly(monthly, _own_time(schedule, monthly.at))
    yield from map(_cron, schedule.crons)


def _own_time(schedule: Schedule, at: time | None) -> str:
    """Return the time of a tier, nothing where it rides on the daily backup."""
    rides = schedule.daily and at in {None, schedule.at}
    return "" if rides else f" {time_text(at or schedule.at)}"


def _monthly(monthly: Monthly, at: str) -> str:
    if monthly.day == "last":
        return f"monthly on the last day{at}"
    shorter = " (in shorter months on their last day)" if monthly.day > _SHORTEST_MONTH else ""
    return f"monthly on the {ordinal(monthly.day)}{at}{shorter}"


def _cron(cron: Cron) -> str:
    return f"{' and '.join(sorted(cron.tiers))} by cron {cron.expression}"
