"""The time in a city: a sync tool."""

from __future__ import annotations

import difflib
import functools
import unicodedata
import zoneinfo
from datetime import datetime
from typing import Final

from agentframework import ToolError, tool

__all__ = ["world_time"]

_REGIONS: Final = frozenset(
    [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ]
)


@tool
def world_time(city: str) -> str:
    """Tell what time it is in a city anywhere in the world.

    Args:
        city: The city, in English, such as Oslo or New York.
    """
    zone = _zone(city)
    now = datetime.now(zoneinfo.ZoneInfo(zone))
    place = zone.rpartition("/")[2].replace("_", " ")
    return f"In {place} it is {now:%H:%M} on {now:%A}."


def _zone(city: str) -> str:
    """The name of the city's time zone. Raises `ToolError` with what comes near where no zone is named after it."""
    wanted = _plain(city.partition(",")[0])
    zones = _zones_by_city()
    if wanted in zones:
        return zones[wanted]
    near = [
        zones[name].rpartition("/")[2] for name in difflib.get_close_matches(wanted, zones, n=3, cutoff=0.7)
    ]
    advice = (
        f"Did you mean {' or '.join(near).replace('_', ' ')}?" if near else "Ask for a large city nearby."
    )
    raise ToolError(f"I know no time zone named after {city!r}. {advice}")


@functools.cache
def _zones_by_city() -> dict[str, str]:
    """The zone of each city that one is named after, by the city's plain name.

    Some cities have two names for one zone (America/Buenos_Aires, America/Argentina/Buenos_Aires): the shorter
    one is the older and as good.
    """
    names = [name for name in zoneinfo.available_timezones() if name.partition("/")[0] in _REGIONS]
    by_preference = sorted(names, key=lambda name: (-len(name), name))
    return {_plain(name.rpartition("/")[2]): name for name in by_preference}


def _plain(name: str) -> str:
    """A name as it is compared: no accents, no case, words of letters with one space between them."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in letters).split())
