"""What the model is told of a call that is not run, and what the record says: one sentence for each reason."""

from __future__ import annotations

import math

from agentframework.policy.rules import Rule
from agentframework.policy.verdicts import Deny, Replay

__all__ = ["denied", "limited", "not_approved", "repeated", "replayed", "same_id", "too_many"]


def denied(tool: str, risk: str, rule: Rule | None) -> Deny:
    """A rule denies it, or it is dangerous and no rule lists it."""
    if rule is None:
        reason = f"the tool's risk is {risk!r} and no rule allows the call"
        return Deny(f"{tool} was not run because it is not allowed here. Do not call it again.", reason)
    reason = rule.name or f"a rule denies {rule.tool}"
    if not rule.arguments:
        return Deny(f"{tool} was not run because it is not allowed here. Do not call it again.", reason)
    return Deny(
        f"{tool} was not run because it is not allowed with these arguments. Do not call it with them again.",
        reason,
    )


def not_approved(tool: str, why: str) -> Deny:
    """Somebody was asked, and there is no approval that counts."""
    return Deny(f"{tool} was not run: {why}. Do not call it again unless the user asks for it.", why)


def repeated(tool: str, most: int, *, is_first: bool) -> Deny:
    """The same call, over and over."""
    return Deny(
        f"Stop calling {tool} with these arguments. It was called {_times(most)} within a minute and was not run "
        "again. Go on without it.",
        f"the same call came more than {_times(most)} within a minute",
        "runaway",
        is_first,
    )


def too_many(tool: str, most: int, *, is_first: bool) -> Deny:
    """Calls of any kind, without end."""
    return Deny(
        f"Stop calling {tool} and other tools. There were more than {_calls(most)} within a minute, so it was "
        "not run. Talk to the user first.",
        f"there were more than {_calls(most)} within a minute",
        "runaway",
        is_first,
    )


def limited(tool: str, most: int, wait: float) -> Deny:
    """One tool's own limit."""
    seconds = math.ceil(wait)
    return Deny(
        f"{tool} was not run because it may be called {_times(most)} a minute. Do not call it again within "
        f"{seconds} second{'' if seconds == 1 else 's'}.",
        f"its limit is {_calls(most)} a minute",
        "limited",
    )


def same_id(tool: str) -> Deny:
    """Another call has this id and is still under way."""
    return Deny(
        f"{tool} was not run because another call with the same id is under way.",
        "another call with its id is under way",
    )


def replayed(tool: str, ago: float, text: str | None) -> Replay:
    """It has succeeded before."""
    seconds = max(1, round(ago))
    before = f"{tool} was not run again: the same call succeeded {seconds} second{'' if seconds == 1 else 's'} ago."
    return Replay(f"{before} Its result is not kept." if text is None else f"{before} Its result was: {text}")


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _calls(number: int) -> str:
    return "one call" if number == 1 else f"{number} calls"
