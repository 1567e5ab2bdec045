"""A call as the policy sees it, and what the policy says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Ask", "Attempt", "Deny", "Join", "Replay", "Run", "Verdict"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that is about to be run; `arguments` are checked and repaired, as the tool will get them."""

    call_id: str
    tool: str
    owner: str
    risk: str
    idempotent: bool | None
    arguments: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Run:
    """Run it. `decision` is for the record."""

    decision: Literal["allowed", "approved"] = "allowed"


@dataclass(frozen=True, slots=True)
class Ask:
    """Have it approved, until `deadline` on the caller's clock, and bring the answer to `Gate.conclude`."""

    call_id: str
    tool: str
    hash: str
    timeout: float
    deadline: float
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Deny:
    """Do not run it; `text` is for the model, and `reason` for the log and the record, without any argument.

    `kind` is "limited" for a tool that is called too often and "runaway" for calls that must stop; `is_first` says
    that such a stop has just begun, and so is to be logged and told to the handlers, once.
    """

    text: str
    reason: str
    kind: Literal["denied", "limited", "runaway"] = "denied"
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """The same call is under way: answer with its result, which `Gate.settled` says to whom it belongs."""

    leader: str


@dataclass(frozen=True, slots=True)
class Replay:
    """The same call has just succeeded: answer with its result; `text` says that it is the earlier one's."""

    text: str


Verdict = Run | Ask | Deny | Join | Replay
