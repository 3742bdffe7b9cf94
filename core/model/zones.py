"""Which names of time zones are taken: places that have rules, never abbreviations or fixed offsets."""

import difflib
import re
from functools import cache
from zoneinfo import available_timezones

from core.errors import UsageError
from core.model.quoting import shown

_EXAMPLE = 'Write a place like "Europe/Berlin", or "UTC".'
_OFFSET = re.compile(r"(ETC/)?(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(\d\d))?", re.IGNORECASE)
_UNIVERSAL = {"GMT", "GMT0", "GMT+0", "GMT-0", "UCT", "Z", "ZULU", "UNIVERSAL", "GREENWICH"}
_BY_HOURS = {
    -11: "Pacific/Pago_Pago",
    -10: "Pacific/Honolulu",
    -9: "America/Anchorage",
    -8: "America/Los_Angeles",
    -7: "America/Denver",
    -6: "America/Chicago",
    -5: "America/New_York",
    -4: "America/Halifax",
    -3: "America/Sao_Paulo",
    -2: "America/Nuuk",
    -1: "Atlantic/Azores",
    0: "Europe/London",
    1: "Europe/Berlin",
    2: "Europe/Helsinki",
    3: "Europe/Moscow",
    4: "Asia/Dubai",
    5: "Asia/Karachi",
    6: "Asia/Dhaka",
    7: "Asia/Bangkok",
    8: "Asia/Singapore",
    9: "Asia/Tokyo",
    10: "Australia/Sydney",
    11: "Pacific/Noumea",
    12: "Pacific/Auckland",
    13: "Pacific/Apia",
    14: "Pacific/Kiritimati",
}
# What people write by habit; the IANA names of before 1993 without a place are among them.
_HABITS = {
    "Europe/Berlin": "CET CEST MET MEST MEZ MESZ",
    "Europe/Helsinki": "EET EEST",
    "Europe/Lisbon": "WET WEST Portugal",
    "Europe/London": "BST GB GB-Eire",
    "Europe/Dublin": "Eire",
    "Europe/Moscow": "MSK W-SU",
    "Europe/Istanbul": "TRT Turkey",
    "Europe/Warsaw": "Poland",
    "Atlantic/Reykjavik": "Iceland",
    "America/New_York": "EST EDT ET EST5EDT",
    "America/Chicago": "CST CDT CT CST6CDT",
    "America/Denver": "MST MDT MT MST7MDT Navajo",
    "America/Los_Angeles": "PST PDT PT PST8PDT",
    "America/Anchorage": "AKST AKDT",
    "America/Halifax": "AST ADT",
    "America/St_Johns": "NST NDT",
    "America/Havana": "Cuba",
    "America/Jamaica": "Jamaica",
    "America/Sao_Paulo": "BRT BRST",
    "America/Argentina/Buenos_Aires": "ART",
    "America/Santiago": "CLT CLST",
    "Pacific/Honolulu": "HST",
    "Pacific/Auckland": "NZST NZDT NZ",
    "Pacific/Chatham": "NZ-CHAT",
    "Pacific/Kwajalein": "Kwajalein",
    "Australia/Sydney": "AEST AEDT",
    "Australia/Adelaide": "ACST ACDT",
    "Australia/Perth": "AWST",
    "Asia/Kolkata": "IST",
    "Asia/Kathmandu": "NPT",
    "Asia/Karachi": "PKT",
    "Asia/Tokyo": "JST Japan",
    "Asia/Seoul": "KST ROK",
    "Asia/Taipei": "ROC",
    "Asia/Shanghai": "PRC",
    "Asia/Hong_Kong": "HKT Hongkong",
    "Asia/Singapore": "SGT Singapore",
    "Asia/Jakarta": "WIB",
    "Asia/Tehran": "IRST Iran",
    "Asia/Jerusalem": "IDT Israel",
    "Africa/Johannesburg": "SAST",
    "Africa/Nairobi": "EAT",
    "Africa/Maputo": "CAT",
    "Africa/Lagos": "WAT",
    "Africa/Cairo": "Egypt",
    "Africa/Tripoli": "Libya",
}
_PLACE_OF = {habit.upper(): place for place, habits in _HABITS.items() for habit in habits.split()}


def check_zone(text: str) -> str:
    """Return the name if it is one of an IANA zone with a place, or "UTC".

    Raises:
        UsageError: it is an abbreviation, a fixed offset or nothing known; the hint has the right name.

    """
    if text in _names():
        return text
    upper = text.strip().upper()
    if upper.removeprefix("ETC/") in _UNIVERSAL:
        raise _refusal(text, "which has other names elsewhere", 'Write "UTC".')
    if place := _PLACE_OF.get(upper):
        raise _refusal(text, "a short or old name that can mean several things", f'Write "{place}", if that is meant.')
    if match := _OFFSET.fullmatch(text.strip()):
        raise _refusal(text, _of_offset(match), _for_offset(match))
    raise _refusal(text, "and no zone has that name", _nearest(text))


@cache
def _names() -> frozenset[str]:
    """Return every name that is taken. The system's posix/ and right/ copies are not among them."""
    known = {name for name in available_timezones() if "/" in name}
    return frozenset({name for name in known if not name.startswith("Etc/")} | {"UTC", "Etc/UTC"})


def _refusal(text: str, why: str, fix: str) -> UsageError:
    return UsageError(f"zone is {shown(text)}, {why}.", hint=fix)


def _of_offset(match: re.Match[str]) -> str:
    fixed = "a fixed offset that follows no summer time"
    if match[1]:
        side = "behind" if match[2] == "+" else "ahead of"
        return f"{fixed}, and means {int(match[3])} h {side} UTC"
    return fixed


def _for_offset(match: re.Match[str]) -> str:
    hours = int(f"{match[2]}{match[3]}")
    hours = -hours if match[1] else hours
    winter, summer = _BY_HOURS.get(hours), _BY_HOURS.get(hours - 1)
    if not winter or match[4] not in {None, "00"}:
        return _EXAMPLE
    also = f' (or "{summer}", where summers have that offset)' if summer else ""
    return f'Write the place, like "{winter}"{also}.'


def _nearest(text: str) -> str:
    """Return the question for the right name: the same place, else whatever is spelt nearly so."""
    wanted = re.sub(r"[\s_]+", "_", text.strip()[:100]).lower()
    whole = {name.lower(): name for name in sorted(_names())}
    places = {name.rsplit("/", 1)[-1].lower(): name for name in sorted(_names(), reverse=True)}
    place = wanted.rsplit("/", 1)[-1]
    if same := whole.get(wanted) or places.get(place):
        return f'Did you mean "{same}"?'
    for known, part in ((whole, wanted), (places, place)):
        if close := difflib.get_close_matches(part, known, n=1, cutoff=0.75):
            return f'Did you mean "{known[close[0]]}"?'
    return _EXAMPLE
