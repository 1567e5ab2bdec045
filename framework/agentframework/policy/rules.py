"""The policy: which calls are allowed, asked for or denied, by tool, risk and arguments, and the limits of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from agentframework.policy.patterns import MISSING, compile_glob, compile_pattern, values_at

__all__ = ["HARMLESS", "Decision", "Policy", "Rule"]

Decision = Literal["allow", "ask", "deny"]

HARMLESS = frozenset({"read", "write"})
"""The risks of tools that run though no rule speaks of them."""

_STRICTEST_FIRST: tuple[Decision, ...] = ("deny", "ask", "allow")


@dataclass(frozen=True)
class Rule:
    """Allow, ask or deny for calls of the tools whose name fits the glob, with one of these risks, or any.

    `arguments` are patterns by place. A rule that denies or asks applies where at each place some value fits; one
    that allows, where every value does and none is missing. `name` says in messages which rule it is. Raises
    `ValueError` for what is no pattern.
    """

    decision: Decision
    tool: str = "*"
    risk: frozenset[str] = frozenset()
    arguments: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""

    def __post_init__(self) -> None:
        tests = []
        for place, pattern in self.arguments.items():
            try:
                tests.append((place, compile_pattern(pattern)))
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from None
        object.__setattr__(self, "_tests", tests)
        object.__setattr__(self, "_fits_name", compile_glob(self.tool))

    def covers(self, tool: str, risk: str) -> bool:
        """Whether it speaks of such a tool, whatever the arguments."""
        fits: bool = self._fits_name(tool)  # type: ignore[attr-defined]
        return fits and (not self.risk or risk in self.risk)

    def applies(self, arguments: Mapping[str, Any]) -> bool:
        """Whether it applies to a call with these arguments, of a tool that it covers."""
        quantity = all if self.decision == "allow" else any
        return all(
            quantity(value is not MISSING and test(value) for value in values_at(arguments, place))
            for place, test in self._tests  # type: ignore[attr-defined]
        )


@dataclass(frozen=True)
class Policy:
    """Rules and limits. Deny beats ask beats allow; what no rule speaks of is allowed unless it is dangerous.

    Durations are in seconds; None for a limit is no limit. A runaway is `repeat_limit` equal calls, or
    `calls_per_minute` calls of any kind, within a minute of one conversation.
    """

    rules: Sequence[Rule] = ()
    approval_timeout: float = 10.0
    calls_per_minute: int | None = None
    repeat_limit: int | None = None
    duplicate_window: float = 60.0
    tool_calls_per_minute: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """The most calls of one tool that run within a minute of one conversation, by the tool's name."""

    def __post_init__(self) -> None:
        limits = {"calls_per_minute": self.calls_per_minute, "repeat_limit": self.repeat_limit}
        for name, most in (limits | dict(self.tool_calls_per_minute)).items():
            if most is not None and most < 1:
                raise ValueError(f"{name}: a limit is at least 1")
        object.__setattr__(self, "_covering", {})

    def decide(self, tool: str, risk: str, arguments: Mapping[str, Any]) -> tuple[Decision, Rule | None]:
        """What is to be done with a call, and the rule that says so, if it is one."""
        for rule in self._of(tool, risk):
            if rule.applies(arguments):
                return rule.decision, rule
        return ("allow" if risk in HARMLESS else "deny"), None

    def _of(self, tool: str, risk: str) -> tuple[Rule, ...]:
        """The rules that cover a tool, strictest first; kept, because tools are few and their calls many."""
        covering: dict[tuple[str, str], tuple[Rule, ...]] = self._covering  # type: ignore[attr-defined]
        rules = covering.get((tool, risk))
        if rules is None:
            found = [rule for rule in self.rules if rule.covers(tool, risk)]
            rules = tuple(sorted(found, key=lambda rule: _STRICTEST_FIRST.index(rule.decision)))
            covering[tool, risk] = rules
        return rules
