"""A program for the ElevenLabs Python SDK: prints the signatures of its conversation module as JSON.

It runs in an environment of its own and is never imported.
"""

from __future__ import annotations

import inspect
import json
import warnings
from enum import Enum
from typing import Any


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # what is not in our environment cannot be checked in it
        from elevenlabs.conversational_ai import conversation, default_audio_interface  # type: ignore[import-not-found]
    told: dict[str, Any] = {}
    for module in (conversation, default_audio_interface):
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                told[name] = members(value)
    print(json.dumps(told))


def members(kind: type) -> dict[str, Any]:
    if issubclass(kind, Enum):
        return {"values": {member.name: member.value for member in kind}}
    methods = {
        name: {"is_async": inspect.iscoroutinefunction(value), "parameters": parameters(value)}
        for name, value in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }
    return {
        "parameters": parameters(kind),
        "methods": methods,
        "bases": [base.__name__ for base in kind.__mro__],
    }


def parameters(function: Any) -> list[list[str | None]]:
    return [
        [one.name, one.kind.name, None if one.default is one.empty else repr(one.default)]
        for one in inspect.signature(function).parameters.values()
    ]


if __name__ == "__main__":
    main()
