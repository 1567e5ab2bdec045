"""Counting calls within a window of time, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable

__all__ = ["MINUTE", "Rate", "Rates"]

MINUTE = 60.0


class Rate:
    """How many of the newest `most` calls were within the last minute."""

    __slots__ = ("_times", "most", "tripped")

    def __init__(self, most: int) -> None:
        self.most = most
        self.tripped = False
        self._times: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        """Seconds until another call is within the limit; 0 where it is now."""
        if len(self._times) < self.most:
            return 0.0
        return max(0.0, self._times[0] + MINUTE - now)

    def count(self, now: float) -> None:
        """A call has been made."""
        self._times.append(now)

    def is_idle(self, now: float) -> bool:
        """Whether nothing that it knows matters any more."""
        return not self._times or self._times[-1] + MINUTE <= now

    def trips(self, now: float) -> tuple[bool, bool]:
        """Count a call: whether it is beyond the limit, and whether it is the first one that is since it was not.

        Those beyond it count too: who does not stop is not let through again.
        """
        is_beyond = self.wait(now) > 0
        self.count(now)
        is_first = is_beyond and not self.tripped
        self.tripped = is_beyond
        return is_beyond, is_first


class Rates:
    """A rate for each key, all with one limit; those that matter no more are forgotten, the oldest first."""

    def __init__(self, most: int, *, kept: int = 4096) -> None:
        self._most = most
        self._kept = kept
        self._by_key: OrderedDict[Hashable, Rate] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_key)

    def of(self, key: Hashable, now: float) -> Rate:
        """The rate of a key, which is now the newest."""
        rate = self._by_key.get(key)
        if rate is None:
            rate = self._by_key[key] = Rate(self._most)
        self._by_key.move_to_end(key)
        self._prune(now)
        return rate

    def _prune(self, now: float) -> None:
        while len(self._by_key) > 1:
            key, oldest = next(iter(self._by_key.items()))
            if len(self._by_key) <= self._kept and not oldest.is_idle(now):
                return
            del self._by_key[key]
