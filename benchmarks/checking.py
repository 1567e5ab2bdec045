"""How long it takes to check the arguments of a call, beside jsonschema alone."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from agentframework import Tool

__all__ = ["ALONE", "CHECKS", "check_times"]

_FORECAST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "unit": {"enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "place": {
            "type": "object",
            "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
            "required": ["lat", "lon"],
            "additionalProperties": False,
        },
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
_SENT = {"city": "Oslo", "unit": "celsius", "days": 3, "place": {"lat": 59.9, "lon": 10.7}}
_COUNT, _REPETITIONS = 400, 10


def _read(schema: Mapping[str, Any], sent: object) -> Callable[[], object]:
    tool: Tool[..., Any] = Tool("forecast", lambda **arguments: arguments, parameters=schema)
    return lambda: tool.read_arguments(sent)


_ANY_CITY = {**_FORECAST["properties"], "city": {"type": "string", "pattern": "."}}
_CHECKER = Draft202012Validator(_FORECAST)
ALONE = "jsonschema alone"
CHECKS: dict[str, Callable[[], object]] = {
    ALONE: lambda: _CHECKER.is_valid(_SENT),
    "`read_arguments`": _read(_FORECAST, _SENT),
    "`read_arguments`, a schema with a pattern": _read({**_FORECAST, "properties": _ANY_CITY}, _SENT),
    "`read_arguments`, a text repaired": _read(_FORECAST, {**_SENT, "days": "3"}),
}
"""Each way to check the same arguments against the same schema of four properties, one of them an object."""


def check_times() -> dict[str, float]:
    """One round: microseconds of processor for each check, at the best of several times, as `timeit` advises."""
    return {
        name: min(timeit.repeat(check, timer=time.thread_time, number=_COUNT, repeat=_REPETITIONS))
        / _COUNT
        * 1e6
        for name, check in CHECKS.items()
    }
