"""Prime numbers: a tool that keeps a processor busy, and stops when nobody waits for it any more."""

from __future__ import annotations

import math
from typing import Annotated, Final

from pydantic import Field

from agentframework import ToolContext, ToolError, tool

__all__ = ["count_primes"]

_BLOCK: Final = 250_000


@tool
def count_primes(
    limit: Annotated[
        int, Field(ge=0, le=50_000_000, description="Up to which number to count, at most 50 million.")
    ],
    context: ToolContext,
) -> str:
    """Count the prime numbers up to a limit."""
    roots = [number for number in range(2, math.isqrt(limit) + 1) if _is_prime(number)]
    count = 0
    for start in range(2, limit + 1, _BLOCK):
        # A thread cannot be ended from outside: a long tool has to look for itself whether it should go on.
        if context.cancelled.is_set():
            raise ToolError("Counting was stopped, because nobody waits for it any more.")
        count += _count(start, min(start + _BLOCK, limit + 1), roots)
    return f"There are {count:,} prime numbers up to {limit:,}."


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def _count(start: int, end: int, roots: list[int]) -> int:
    """How many primes are in `range(start, end)`; `roots` holds every prime whose square is below `end`."""
    is_prime = bytearray(b"\x01") * (end - start)
    for root in roots:
        first = max(root * root, -(-start // root) * root) - start
        is_prime[first::root] = bytes(len(range(first, len(is_prime), root)))
    return is_prime.count(1)
