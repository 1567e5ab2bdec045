"""Looks for arguments with which a tool crashes, hangs, or returns what cannot be told; needs the extra `fuzz`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import HypothesisException

from agentframework.tools.tool import Tool
from agentframework.trial.strategies import arguments_of
from agentframework.trial.trial import SessionMaker, Trial

__all__ = ["FAULTS", "Fault", "FuzzResult", "fuzz"]

FAULTS: Final = frozenset({"exception", "timeout", "unencodable result", "worker died"})
"""The outcomes that are a tool's own fault, whatever its arguments are."""

_REFUSED: Final = frozenset({"denied", "limited", "busy"})
_MOST_HANGS: Final = 3
"""Each takes as long as the deadline, and may keep a thread for ever."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a tool did with these arguments, the shortest that were found."""

    arguments: Any
    outcome: str
    text: str


@dataclass(slots=True)
class FuzzResult:
    """How many calls had which outcome, and the fault that was found, if there was one."""

    outcomes: Counter[str] = field(default_factory=Counter)
    fault: Fault | None = None

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return self.outcomes.total()

    @property
    def ran(self) -> bool:
        """Whether any call came as far as the tool."""
        return any(outcome not in _REFUSED for outcome in self.outcomes)


class _FoundError(Exception):
    """A call with a fault; Hypothesis then looks for shorter arguments with the same one."""


def fuzz(new_session: SessionMaker, tool: Tool[..., Any], *, max_examples: int, start: int) -> FuzzResult:
    """Call a hosted tool with up to `max_examples` arguments that fit its schema; `start` seeds the choice.

    The calls go the whole way of an agent's call, in one session after another where a policy limits them. The tool
    really runs. Raises `StartError` where no session can be started.
    """
    hunt = _Hunt(new_session, tool)

    @seed(start)
    @settings(
        max_examples=max_examples,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )
    @given(arguments_of(tool))
    def attempt(arguments: Any) -> None:
        hunt.call(arguments)

    try:
        attempt()
    except (_FoundError, HypothesisException):
        pass  # the hunt knows what it found; a tool that does not always fail is no fault of the search
    finally:
        hunt.close()
    return hunt.result


class _Hunt:
    def __init__(self, new_session: SessionMaker, tool: Tool[..., Any]) -> None:
        self.result = FuzzResult()
        self._new_session = new_session
        self._tool = tool
        self._trial: Trial | None = None
        self._hangs = 0

    def call(self, arguments: Any) -> None:
        if self._hangs >= _MOST_HANGS:
            return
        answered = self._session().call(self._tool.name, arguments).answered
        if answered.outcome == "limited":
            self.close()
            answered = self._session().call(self._tool.name, arguments).answered
        self.result.outcomes[answered.outcome] += 1
        self._hangs += answered.outcome == "timeout"
        known = self.result.fault
        if answered.outcome in FAULTS and (known is None or known.outcome == answered.outcome):
            fault = Fault(arguments, answered.outcome, answered.text)
            self.result.fault = fault if known is None else min(known, fault, key=_length)
            raise _FoundError

    def close(self) -> None:
        if self._trial is not None:
            self._trial.close()
            self._trial = None

    def _session(self) -> Trial:
        if self._trial is None:
            trial = Trial(self._new_session)
            trial.start()
            self._trial = trial
        return self._trial


def _length(fault: Fault) -> tuple[int, str]:
    said = json.dumps(fault.arguments, sort_keys=True)
    return len(said), said
