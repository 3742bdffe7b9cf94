"""Which time zones are taken, and what is said of the others."""

from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.model.zones import check_zone

REFUSED = {
    "CET": ("a short or old name", 'Write "Europe/Berlin", if that is meant.'),
    "MET": ("a short or old name", 'Write "Europe/Berlin", if that is meant.'),
    "EET": ("a short or old name", 'Write "Europe/Helsinki", if that is meant.'),
    "WET": ("a short or old name", 'Write "Europe/Lisbon", if that is meant.'),
    "EST": ("a short or old name", 'Write "America/New_York", if that is meant.'),
    "EST5EDT": ("a short or old name", 'Write "America/New_York", if that is meant.'),
    "pst": ("a short or old name", 'Write "America/Los_Angeles", if that is meant.'),
    "MST": ("a short or old name", 'Write "America/Denver", if that is meant.'),
    "HST": ("a short or old name", 'Write "Pacific/Honolulu", if that is meant.'),
    "Japan": ("a short or old name", 'Write "Asia/Tokyo", if that is meant.'),
    "GMT": ("other names elsewhere", 'Write "UTC".'),
    "Etc/GMT0": ("other names elsewhere", 'Write "UTC".'),
    "GMT+1": ("a fixed offset", 'like "Europe/Berlin" (or "Europe/London", where summers'),
    "UTC+2": ("a fixed offset", 'like "Europe/Helsinki" (or "Europe/Berlin", where summers'),
    "-11": ("a fixed offset", 'Write the place, like "Pacific/Pago_Pago".'),
    "+05:45": ("a fixed offset", 'Write a place like "Europe/Berlin", or "UTC".'),
    "+25": ("a fixed offset", 'Write a place like "Europe/Berlin", or "UTC".'),
    "Etc/GMT+2": ("means 2 h behind UTC", 'like "America/Nuuk" (or "America/Sao_Paulo"'),
    "Etc/GMT-1": ("means 1 h ahead of UTC", 'like "Europe/Berlin"'),
    "Berlin": ("no zone has that name", 'Did you mean "Europe/Berlin"?'),
    "America/Berlin": ("no zone has that name", 'Did you mean "Europe/Berlin"?'),
    "europe/berlin": ("no zone has that name", 'Did you mean "Europe/Berlin"?'),
    "New York": ("no zone has that name", 'Did you mean "America/New_York"?'),
    "Europe/Berlim": ("no zone has that name", 'Did you mean "Europe/Berlin"?'),
    "Kathmandoo": ("no zone has that name", 'Did you mean "Asia/Kathmandu"?'),
    "right/Europe/Paris": ("no zone has that name", 'Did you mean "Europe/Paris"?'),
    "nonsense": ("no zone has that name", 'Write a place like "Europe/Berlin", or "UTC".'),
    "": ("no zone has that name", 'Write a place like "Europe/Berlin", or "UTC".'),
}


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Argentina/Ushuaia"])
def test_places_are_taken(name: str) -> None:
    """What has a place, and UTC, comes back as it is."""
    assert check_zone(name) == name


@pytest.mark.parametrize(("name", "expected"), REFUSED.items())
def test_what_is_no_place_is_refused_with_the_right_name(name: str, expected: tuple[str, str]) -> None:
    """Whoever writes an abbreviation, an offset or a slip learns why and what to write."""
    with pytest.raises(UsageError) as caught:
        check_zone(name)
    why, fix = expected
    assert why in caught.value.message
    assert fix in caught.value.hint


def test_no_name_without_a_place_is_taken() -> None:
    """Of all that the system knows only names with a place pass, and each other one gets an answer."""
    for name in available_timezones():
        if "/" not in name.removeprefix("Etc/") and name not in {"UTC", "Etc/UTC"}:
            with pytest.raises(UsageError):
                check_zone(name)


@given(st.text() | st.from_regex(r"(?:Etc/|UTC|GMT)?[+-]\d{1,4}(?::\d\d)?", fullmatch=True))
def test_any_text_is_a_zone_or_refused(text: str) -> None:
    """No text breaks the check, and what passes can be loaded."""
    checked = outcome(text)
    assert ZoneInfo(checked) if isinstance(checked, str) else checked.message.isprintable() and checked.hint


def outcome(text: str) -> str | UsageError:
    """Return the zone, or why it was refused."""
    try:
        return check_zone(text)
    except UsageError as error:
        return error
