"""How many calls may run at once, of one tool and of one session, and which of those that wait comes next."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable

__all__ = ["Claim", "Places", "SessionPlaces"]

_log = logging.getLogger("agentframework.tools")


class _Limit:
    """A number of places, and the lanes that wait for one of them, in turn."""

    __slots__ = ("claimed", "held", "key", "lanes", "most", "zombies")

    def __init__(self, key: Hashable, most: int | None) -> None:
        self.key = key
        self.most = most
        self.claimed = 0
        self.held = 0
        self.zombies = 0
        self.lanes: deque[_Lane] = deque()

    @property
    def is_full(self) -> bool:
        """Whether no place is free now."""
        return self.most is not None and self.held >= self.most

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows if a place will ever be free again."""
        return self.most is not None and self.zombies >= self.most


class _Lane(_Limit):
    """Calls of one session that begin in the order of their receipt; for serial ones it has a single place.

    `awaited` is the limit in whose row it stands, if any.
    """

    __slots__ = ("awaited", "claims", "session")

    def __init__(self, session: SessionPlaces, key: Hashable, most: int | None) -> None:
        super().__init__(key, most)
        self.session = session
        self.claims: deque[Claim] = deque()
        self.awaited: _Limit | None = None

    def first(self) -> Claim | None:
        """The call that comes next."""
        while self.claims and self.claims[0]._state == "struck":
            self.claims.popleft()
        return self.claims[0] if self.claims else None


class Claim:
    """One call's claim on its places, from receipt until its code runs no more."""

    __slots__ = ("_begin", "_lane", "_limits", "_state", "_tool")

    def __init__(self, lane: _Lane, tool: _Limit, session: _Limit, begin: Callable[[], object]) -> None:
        self._lane = lane
        self._tool = tool
        self._limits = (lane, tool, session)
        self._begin = begin
        self._state = "waiting"

    @property
    def has_begun(self) -> bool:
        """Whether the call was begun."""
        return self._state in ("begun", "zombie", "left")

    def give_up(self) -> None:
        """The call is answered. One that waits is never begun; one that runs keeps its places until it leaves."""
        if self._state == "begun":
            self._state = "zombie"
            for limit in self._limits:
                limit.zombies += 1
        elif self._state != "zombie":
            self.leave()

    def leave(self) -> None:
        """The call's code runs no more, or never will: its places are free. May be said twice."""
        state, session = self._state, self._lane.session
        if state == "waiting":
            self._state = "struck"
            session._strike(self)
        elif state in ("placed", "begun", "zombie"):
            self._state = "struck" if state == "placed" else "left"
            for limit in self._limits:
                limit.held -= 1
                limit.zombies -= state == "zombie"
            session._refill(self)


class _Unlimited(Claim):
    """The claim of all calls that need no place."""

    __slots__ = ()

    def __init__(self) -> None:
        self._state = "begun"

    def give_up(self) -> None:
        """Nothing is held."""

    def leave(self) -> None:
        """Nothing is free that was not."""


_UNLIMITED = _Unlimited()


class Places:
    """The places of all tools, over all sessions of one runtime. Lives on the wire, as all that is made by it.

    A call that must wait is begun later, when a place gets free: those of one session in the order of their receipt
    where they are serial or of one tool, and the sessions in turn. A call that was answered and still runs, as a
    thread may that hangs, keeps its places, for it does still run. Where such calls hold all the places that a new
    one could have, it is refused at once; those that wait already may be lucky before their deadlines.
    """

    def __init__(self) -> None:
        self._tools: dict[Hashable, _Limit] = {}
        self._ready: deque[Claim] = deque()
        self._is_beginning = False

    def session(self, most: int | None = None) -> SessionPlaces:
        """The places of one session, of whose calls at most `most` run at once. There is nothing to close."""
        return SessionPlaces(self, most)

    def _release(self, tool: _Limit) -> None:
        """Where nobody has or awaits a place there is nothing to know of a tool."""
        tool.claimed -= 1
        if not tool.claimed:
            self._tools.pop(tool.key, None)

    def _begin_all(self) -> None:
        """Begin what has got its places; one that ends meanwhile makes room for others, which are begun here too."""
        if self._is_beginning:
            return
        self._is_beginning = True
        try:
            while self._ready:
                claim = self._ready.popleft()
                if claim._state != "placed":
                    continue  # given up by one that was begun before it
                claim._state = "begun"
                try:
                    claim._begin()
                except Exception:  # noqa: BLE001 - the calls behind it have their places too
                    _log.exception("a call that had waited could not be begun")
        finally:
            self._is_beginning = False


class SessionPlaces:
    """The places of one session's calls, and those that wait."""

    def __init__(self, places: Places, most: int | None) -> None:
        self._places = places
        self._limit = _Limit(None, most)
        self._lanes: dict[Hashable, _Lane] = {}

    def take(
        self,
        tool: Hashable,
        begin: Callable[[], object],
        *,
        most: int | None = None,
        serial: bool | str = False,
    ) -> Claim | None:
        """A claim for a call of `tool`; None where it is to be answered "busy".

        The caller begins the call itself where the claim says that it has begun; else `begin` is called once it may,
        unless it is given up before. `most` and `serial` are the tool's `max_concurrency` and `serial`. Whatever
        becomes of the call, the claim is to be left in the end.
        """
        if most is None and not serial and self._limit.most is None:
            return _UNLIMITED
        tools = self._places._tools
        limit = tools.get(tool) or _Limit(tool, most)
        limit.most = most
        key = (serial,) if isinstance(serial, str) else (tool, serial)
        lane = self._lanes.get(key)
        if limit.is_lost or self._limit.is_lost or (lane is not None and lane.is_lost):
            return None
        tools[tool] = limit
        if lane is None:
            lane = self._lanes[key] = _Lane(self, key, 1 if serial else None)
        claim = Claim(lane, limit, self._limit, begin)
        limit.claimed += 1
        lane.claims.append(claim)
        if lane.first() is claim:
            self._offer(lane)
        if claim._state == "placed":
            self._places._ready.pop()  # it is the caller who begins it
            claim._state = "begun"
        return claim

    def _offer(self, lane: _Lane) -> None:
        """Let a lane's calls have their places, in order, as far as there are any; then it waits for the next one."""
        lane.awaited = None
        while (claim := lane.first()) is not None and not lane.is_full:
            full = claim._tool if claim._tool.is_full else self._limit
            if full.is_full:
                lane.awaited = full
                full.lanes.append(lane)
                return
            lane.claims.popleft()
            claim._state = "placed"
            for limit in claim._limits:
                limit.held += 1
            self._places._ready.append(claim)
        if claim is None and not lane.held:
            self._lanes.pop(lane.key, None)

    def _strike(self, claim: Claim) -> None:
        """A call that waited needs no place any more; what the lane waits for may have changed with it."""
        lane, awaited = claim._lane, claim._lane.awaited
        first = lane.first()
        if awaited is not None and (first is None or awaited not in first._limits):
            awaited.lanes.remove(lane)
            self._offer(lane)
        self._places._release(claim._tool)
        self._places._begin_all()

    def _refill(self, claim: Claim) -> None:
        """The places that a call has left are for those that wait, each lane in its turn."""
        lane = claim._lane
        for limit in claim._limits:
            while limit.lanes and not limit.is_full:
                next_lane = limit.lanes.popleft()
                next_lane.session._offer(next_lane)
        if lane.awaited is None:
            self._offer(lane)
        self._places._release(claim._tool)
        self._places._begin_all()
