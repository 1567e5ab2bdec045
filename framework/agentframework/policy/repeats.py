"""The same call again: it joins the first while that is under way, and shortly after a success has its result."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

__all__ = ["Key", "Repeats"]

Key = tuple[str, str]
"""A tool's name and the hash of its arguments."""


@dataclass(slots=True)
class _Flight:
    key: Key
    leader: str
    joined: list[str] = field(default_factory=list)


class Repeats:
    """Knows which calls are under way and which have just succeeded; failures are not remembered.

    A success is remembered for `window` seconds, the newest `kept` of them; their texts as long as all together have
    no more than `kept_characters`. Not thread-safe.
    """

    def __init__(self, window: float, *, kept: int = 16384, kept_characters: int = 4 << 20) -> None:
        self._window = window
        self._kept = kept
        self._kept_characters = kept_characters
        self._flying: dict[Key, _Flight] = {}
        self._by_call: dict[str, _Flight] = {}
        self._done: OrderedDict[Key, float] = OrderedDict()
        self._texts: OrderedDict[Key, str] = OrderedDict()
        self._characters = 0

    def leader_of(self, key: Key) -> str | None:
        """The id of the call that is under way."""
        flight = self._flying.get(key)
        return None if flight is None else flight.leader

    def is_under_way(self, call_id: str) -> bool:
        """Whether a call of this id leads or has joined."""
        return call_id in self._by_call

    def done(self, key: Key, now: float) -> tuple[float, str | None] | None:
        """How long ago the call succeeded, and its text unless that is not kept; None where it is not remembered."""
        self._prune(now)
        at = self._done.get(key)
        return None if at is None else (now - at, self._texts.get(key))

    def lead(self, call_id: str, key: Key) -> None:
        """This call is the one that is run."""
        self._flying[key] = self._by_call[call_id] = _Flight(key, call_id)

    def join(self, call_id: str, key: Key) -> None:
        """This call waits for the one that is under way."""
        flight = self._flying[key]
        flight.joined.append(call_id)
        self._by_call[call_id] = flight

    def settle(self, call_id: str, *, ok: bool, text: str, now: float) -> tuple[str, ...]:
        """A call has ended, one that leads or one that has joined: the ids of those that waited for it."""
        flight = self._by_call.pop(call_id, None)
        if flight is None:
            return ()
        if call_id != flight.leader:
            flight.joined.remove(call_id)
            return ()
        del self._flying[flight.key]
        for joined in flight.joined:
            del self._by_call[joined]
        if ok:
            self._remember(flight.key, text, now)
        return tuple(flight.joined)

    def _remember(self, key: Key, text: str, now: float) -> None:
        self._forget(key)
        self._done[key] = now
        if len(text) <= self._kept_characters:
            self._texts[key] = text
            self._characters += len(text)
        while self._characters > self._kept_characters:
            _, dropped = self._texts.popitem(last=False)
            self._characters -= len(dropped)
        self._prune(now)

    def _prune(self, now: float) -> None:
        while self._done:
            key, at = next(iter(self._done.items()))
            if now - at < self._window and len(self._done) <= self._kept:
                return
            self._forget(key)

    def _forget(self, key: Key) -> None:
        self._done.pop(key, None)
        self._characters -= len(self._texts.pop(key, ""))
