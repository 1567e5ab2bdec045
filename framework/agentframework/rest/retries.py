"""When a request is sent again, and how long is waited before: exponential backoff with full jitter."""

from __future__ import annotations

import asyncio
import email.utils
import itertools
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agentframework.rest.exchange import Answer, ExchangeError

__all__ = ["Clock", "Outcome", "RetryPolicy", "retry_after", "send_until_answered"]

_log = logging.getLogger("agentframework.rest")


class Clock:
    """The time that the waits are measured by; a test puts one of its own in its place."""

    def now(self) -> float:
        """Seconds that only ever go on."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is sent, and how long is waited in between.

    `attempts` is the most; 1 means never again. Before attempt n + 1 a random time is waited, of at most
    `first_delay` * 2 ** (n - 1) and of at most `longest_delay`; what the server asks for with `Retry-After` is
    waited in full, and up to `first_delay` on top. `chance` gives the randomness, as `random.random` does.
    """

    attempts: int = 4
    first_delay: float = 0.25
    longest_delay: float = 4.0
    clock: Clock = field(default_factory=Clock, repr=False)
    chance: Callable[[], float] = field(default=random.random, repr=False)

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(
                f"a request is sent at least once, so attempts is 1 or more, not {self.attempts}"
            )
        for name in ("first_delay", "longest_delay"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds >= 0):
                raise ValueError(f"{name} is a number of seconds from 0 on, not {seconds!r}")

    def delay(self, attempt: int, asked_for: float | None = None) -> float:
        """Seconds to wait after the failed attempt of this number, the first being 1."""
        if asked_for is not None:
            return asked_for + self.chance() * self.first_delay
        # the exponent is bounded because a large one overflows a float
        return self.chance() * min(self.longest_delay, self.first_delay * 2.0 ** min(attempt - 1, 64))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last answer, and how many requests it took."""

    answer: Answer
    attempts: int


async def send_until_answered(
    send: Callable[[float], Awaitable[Answer]],
    policy: RetryPolicy,
    *,
    timeout: float,
    attempt_timeout: float,
    is_idempotent: bool,
    purpose: str,
) -> Outcome:
    """The first answer that is not to be tried again, or the last; `send(seconds)` makes one attempt.

    Tried again are 429, statuses from 500 on, and connections that failed or broke off; what is not idempotent
    only where the server cannot have acted on it: no connection, 429 and 503. A new attempt is made only where
    it, with `attempt_timeout`, and the wait before it fit into `timeout` seconds from the first one's start, so no
    call takes longer. Raises the last `ExchangeError` where no answer came.
    """
    clock = policy.clock
    deadline = clock.now() + timeout
    for attempt in itertools.count(1):
        answer: Answer | None = None
        failure: ExchangeError | None = None
        try:
            # what is not sent again after a time-out may as well have all the time there is
            answer = await send(attempt_timeout if is_idempotent else deadline - clock.now())
        except ExchangeError as error:
            failure = error
            why, asked_for = error.problem, None
            again = not error.is_lasting and (is_idempotent or not error.may_have_arrived)
        else:
            why, asked_for = f"the server answered {answer.status}", retry_after(answer)
            again = _is_passing(answer.status, is_idempotent)
        delay = policy.delay(attempt, asked_for)
        fits = clock.now() + delay + attempt_timeout <= deadline
        if again and fits and attempt < policy.attempts:
            _log.info("%s yet: %s; the next attempt in %.2f s", purpose, why, delay)
            await clock.sleep(delay)
            continue
        if failure is not None:
            failure.attempts = attempt
            raise failure
        assert answer is not None
        return Outcome(answer, attempt)
    raise AssertionError("the attempts are counted without end")


def _is_passing(status: int, is_idempotent: bool) -> bool:
    """Whether another attempt may fare better, and cannot make the server do twice what was asked once."""
    return status in (429, 503) or (status >= 500 and is_idempotent)


def retry_after(answer: Answer) -> float | None:
    """The seconds that the server asks to wait with `Retry-After`, a number or a date; None where it does not."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isdecimal() and said.isascii():
        return float(said[:9])
    try:
        moment = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
