"""Whether and when a session that lost its connection makes another one."""

from __future__ import annotations

from dataclasses import dataclass

from agentframework.errors import AuthError, NotFoundError, RestError
from agentframework.session.ending import Ending
from agentframework.transports.base import TransportClosedError, TransportRefusedError

__all__ = ["ReconnectPolicy", "is_worth_another_try"]

_LOST = frozenset({1001, 1006, 1011, 1012, 1013})
_NOT_NOW = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """How often and how soon a lost connection is made again; times in seconds.

    Before attempt number n (1 is the first) `first_delay * 2 ** (n - 1)` is waited, `max_delay` at most, less up to
    half of it by chance, so that many clients do not come back at once. After `attempts` in a row the session ends;
    a connection that has been live for `stable_after` begins a new row. Raises ValueError for numbers that make no
    sense.
    """

    attempts: int = 5
    first_delay: float = 0.5
    max_delay: float = 30.0
    stable_after: float = 10.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("attempts must be 1 or more; without a policy no connection is made again")
        if not 0 <= self.first_delay <= self.max_delay or not self.stable_after >= 0:
            raise ValueError("0 <= first_delay <= max_delay, and stable_after >= 0, must hold")

    def delay(self, attempt: int, chance: float) -> float:
        """What is waited before this attempt; `chance` is a random number from 0 to 1."""
        whole = min(self.max_delay, self.first_delay * 2.0 ** min(attempt - 1, 64))
        return whole * (1 - chance / 2)


def is_worth_another_try(ending: Ending) -> bool:
    """Whether a connection that ended like this may be had again: the network's fault, or a server that restarts.

    Closes with 1001, 1006, 1011, 1012 and 1013 are (protocol 1.8), never 1000 and 1008; of refusals those that
    another moment may change. What the program ended stays ended.
    """
    if ending.details.reason != "error":
        return False
    match ending.error:
        case TransportClosedError(code=code):
            return code in _LOST
        case TransportRefusedError(status=int(status)):
            return status >= 500 or status in _NOT_NOW
        case TransportRefusedError(is_lasting=is_lasting):
            return not is_lasting
        case AuthError() | NotFoundError():
            return False  # also where the status is none: a key that is missing stays missing
        case RestError(status=status):
            return status is None or status >= 500 or status in _NOT_NOW
    return ending.timed_out
