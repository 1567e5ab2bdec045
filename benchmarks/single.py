"""The works of one conversation: each is begun by the client's joining, and tells how long it took."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from benchmarks import frames

if TYPE_CHECKING:
    from benchmarks.server import Peer

__all__ = ["AudioIn", "Burst", "Pongs", "RoundTrips"]

Tell = Callable[..., None]
_WARM_UP = 300


class RoundTrips:
    """`count` tool calls, one in flight; tells the median and the 99th percentile, in ms."""

    def __init__(self, tell: Tell, count: int) -> None:
        self._tell = tell
        self._count = count
        self._times: list[float] = []
        self._sent = 0.0

    def join(self, peer: Peer) -> None:
        self._call(peer)

    def flow(self, peer: Peer) -> None: ...

    def hear(self, peer: Peer, frame: memoryview) -> None:
        self._times.append(time.perf_counter() - self._sent)
        if len(self._times) == _WARM_UP:
            self._tell("begun")
        if len(self._times) < _WARM_UP + self._count:
            self._call(peer)
            return
        self._tell("sent")
        times = sorted(self._times[_WARM_UP:])
        self._tell("done", p50=statistics.median(times) * 1e3, p99=times[int(len(times) * 0.99)] * 1e3)

    def _call(self, peer: Peer) -> None:
        frame = frames.tool_call(len(self._times))
        self._sent = time.perf_counter()
        peer.send(frame)


class _Flood:
    """Frames as fast as the client takes them, a small flood before the one that is timed."""

    def __init__(self, tell: Tell, count: int) -> None:
        self.answered = 0
        self._tell = tell
        self._rounds = iter((min(count, _WARM_UP), count))
        self._count = 0
        self._began = 0.0
        self._waiting: Iterator[bytes] = iter(())

    def frames(self, count: int) -> list[bytes]:
        """What is sent."""
        raise NotImplementedError

    def answers(self, count: int) -> int:
        """How many answers there are to so many frames."""
        raise NotImplementedError

    def join(self, peer: Peer) -> None:
        self._next_round(peer)

    def hear(self, peer: Peer, frame: memoryview) -> None:
        self.answered += 1
        if self.answered == self.answers(self._count):
            seconds = time.perf_counter() - self._began
            if not self._next_round(peer):
                self._tell("sent")
                self._tell("done", per_second=self._count / seconds)

    def flow(self, peer: Peer) -> None:
        for frame in self._waiting:
            peer.send(frame)
            if peer.is_paused:
                return

    def _next_round(self, peer: Peer) -> bool:
        count = next(self._rounds, None)
        if count is None:
            return False
        is_first, self._count, self.answered = self._count == 0, count, 0
        self._waiting = iter(self.frames(count))
        if not is_first:
            self._tell("begun")
        self._began = time.perf_counter()
        self.flow(peer)
        return True


class Burst(_Flood):
    """`count` tool calls at once; tells how many are answered in a second."""

    def __init__(self, tell: Tell, count: int) -> None:
        super().__init__(tell, count)
        self._first = 0

    def frames(self, count: int) -> list[bytes]:
        self._first += count
        return [frames.tool_call(self._first + number) for number in range(count)]

    def answers(self, count: int) -> int:
        return count


class AudioIn(_Flood):
    """`count` audio events and a ping behind them; tells how many are taken in a second."""

    def frames(self, count: int) -> list[bytes]:
        return [*(frames.audio(number) for number in range(count)), frames.ping(count)]

    def answers(self, count: int) -> int:
        return 1


class Pongs:
    """`count` pings, each right behind an answer of the agent whose callback sleeps; tells the worst, in ms."""

    def __init__(self, tell: Tell, count: int) -> None:
        self._tell = tell
        self._count = count
        self._times: list[float] = []
        self._sent = 0.0

    def join(self, peer: Peer) -> None:
        self._tell("begun")
        self._ask(peer)

    def flow(self, peer: Peer) -> None: ...

    def hear(self, peer: Peer, frame: memoryview) -> None:
        self._times.append(time.perf_counter() - self._sent)
        if len(self._times) < self._count:
            # the next one when the sleep of this one is over, however long the pong took
            wait = max(0.0, 0.25 - self._times[-1])
            asyncio.get_running_loop().call_later(wait, self._ask, peer)
        else:
            self._tell("sent")
            self._tell("done", worst=max(self._times) * 1e3)

    def _ask(self, peer: Peer) -> None:
        peer.send(frames.agent_response("Let me see."))
        self._sent = time.perf_counter()
        peer.send(frames.ping(len(self._times)))
