"""How long a program takes to come up: the imports and the command's help, each beside a bare interpreter."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from benchmarks.processes import CLIENTS_PYTHON, OUR_PYTHON

__all__ = ["STARTS", "start_times"]

_DOORS = "from {} import Conversation"
STARTS: dict[str, tuple[Path, tuple[str, ...], bool]] = {
    "`import agentframework`": (OUR_PYTHON, ("-c", "import agentframework"), True),
    "`from agentframework import Conversation`": (OUR_PYTHON, ("-c", _DOORS.format("agentframework")), True),
    "`from elevenlabs... import Conversation`": (
        CLIENTS_PYTHON,
        ("-c", _DOORS.format("elevenlabs.conversational_ai.conversation")),
        True,
    ),
    "`agentframework --help`": (OUR_PYTHON, (str(OUR_PYTHON.parent / "agentframework"), "--help"), False),
}
"""Each start: the interpreter, its arguments, and whether the interpreter's own start is taken off."""


def start_times() -> dict[str, float]:
    """One round: milliseconds for each start."""
    times: dict[str, float] = {}
    for name, (python, arguments, is_import) in STARTS.items():
        bare = _seconds(python, "-c", "pass") if is_import else 0.0
        times[name] = (_seconds(python, *arguments) - bare) * 1e3
    return times


def _seconds(python: Path, *arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([python, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
