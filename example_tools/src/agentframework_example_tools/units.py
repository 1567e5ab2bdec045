"""Units of measure: a tool whose arguments are declared as a JSON Schema."""

from __future__ import annotations

from typing import Any, Final

from agentframework import Tool, ToolError

__all__ = ["convert_units"]

# The size of each unit in the first one of its kind.
_KINDS: Final[tuple[dict[str, float], ...]] = (
    {"meters": 1.0, "kilometers": 1000.0, "feet": 0.3048, "miles": 1609.344},
    {"kilograms": 1.0, "grams": 0.001, "pounds": 0.45359237},
    {"liters": 1.0, "gallons": 3.785411784},
)
_UNITS: Final = [unit for kind in _KINDS for unit in kind] + ["celsius", "fahrenheit"]

PARAMETERS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "value": {"type": "number", "description": "How much of it."},
        "from_unit": {"type": "string", "enum": _UNITS, "description": "The unit that the value is in."},
        "to_unit": {"type": "string", "enum": _UNITS, "description": "The unit that is wanted."},
    },
    "required": ["value", "from_unit", "to_unit"],
    "additionalProperties": False,
}


def _convert(value: float, from_unit: str, to_unit: str) -> str:
    converted = _converted(value, from_unit, to_unit)
    return f"{value:g} {from_unit} are {converted:.6g} {to_unit}."


def _converted(value: float, from_unit: str, to_unit: str) -> float:
    if from_unit == to_unit:
        return value
    if (from_unit, to_unit) == ("celsius", "fahrenheit"):
        return value * 9 / 5 + 32
    if (from_unit, to_unit) == ("fahrenheit", "celsius"):
        return (value - 32) * 5 / 9
    for kind in _KINDS:
        if from_unit in kind and to_unit in kind:
            return value * kind[from_unit] / kind[to_unit]
    raise ToolError(f"{from_unit} cannot be converted to {to_unit}: they measure different things.")


convert_units = Tool(
    "convert_units",
    _convert,
    description="Convert a value from one unit of length, weight, volume or temperature to another.",
    parameters=PARAMETERS,
)
