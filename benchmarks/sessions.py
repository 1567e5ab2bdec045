"""The work of many conversations in one process: speech both ways, tool calls and pings, at the pace of real ones."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benchmarks import frames

if TYPE_CHECKING:
    from benchmarks.server import Peer

__all__ = ["Sessions"]

_TICK = 0.01
_QUIET = 1.0
_GRACE = 5.0


class Sessions:
    """`count` conversations for `seconds`: each hears `audio` chunks and gets one call and one ping in `every_ms`.

    With `audio` 0 the conversations are in writing and idle: there are pings and no calls. Tells the percentiles of
    the answers and of the pongs in ms, how many calls got no answer, and by how much the server itself was late.
    """

    def __init__(
        self, tell: Callable[..., None], count: int, seconds: int, audio: int, every_ms: int
    ) -> None:
        self._tell = tell
        self._count = count
        self._is_voice = audio > 0
        self._ticks = round(seconds / _TICK)
        self._audio_every = round(1 / (audio or 1) / _TICK)
        self._other_every = round(every_ms / 1000 / _TICK)
        self._peers: list[Peer] = []
        self._calls: dict[str, float] = {}
        self._pings: dict[int, float] = {}
        self._answers: list[float] = []
        self._pongs: list[float] = []
        self._late: list[float] = []
        self._chunks = 0
        self._sent = 0
        self._speech = frames.audio(1)
        self._all_answered = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def join(self, peer: Peer) -> None:
        self._peers.append(peer)
        if len(self._peers) == self._count:
            self._running = asyncio.get_running_loop().create_task(self._run())

    def flow(self, peer: Peer) -> None: ...

    def hear(self, peer: Peer, frame: memoryview) -> None:
        if b"user_audio_chunk" in bytes(frame[:24]):
            self._chunks += 1
            return
        message = json.loads(bytes(frame))
        if message.get("type") == "client_tool_result":
            self._note(self._answers, self._calls, message["tool_call_id"])
        elif message.get("type") == "pong":
            self._note(self._pongs, self._pings, message["event_id"])

    def _note(self, times: list[float], sent: dict[Any, float], key: Any) -> None:
        began = sent.pop(key, None)
        if began is not None:
            times.append(time.perf_counter() - began)
        if not self._calls and not self._pings:
            self._all_answered.set()

    async def _run(self) -> None:
        await asyncio.sleep(_QUIET)
        self._tell("begun")
        chunks, began = self._chunks, time.perf_counter()
        for tick in range(self._ticks):
            due = began + tick * _TICK
            wait = due - time.perf_counter()
            await asyncio.sleep(max(0.0, wait))
            self._late.append(time.perf_counter() - due)
            self._send(tick)
        heard = self._chunks - chunks
        self._tell("sent")
        await self._wait_for_answers()
        self._tell(
            "done",
            answer_p50=_percentile(self._answers, 0.5),
            answer_p99=_percentile(self._answers, 0.99),
            pong_p50=_percentile(self._pongs, 0.5),
            pong_p99=_percentile(self._pongs, 0.99),
            calls=self._sent,
            lost=len(self._calls),
            lost_pongs=len(self._pings),
            chunks_heard=heard,
            late_p99=_percentile(self._late, 0.99),
        )

    def _send(self, tick: int) -> None:
        """What is due in this tick: the conversations are spread evenly over their periods."""
        if self._is_voice:
            for peer in self._peers[tick % self._audio_every :: self._audio_every]:
                peer.send(self._speech)
        offset = tick % self._other_every
        for peer in self._peers[offset :: self._other_every]:
            number = self._sent + len(self._pongs) + len(self._pings)
            self._pings[number] = time.perf_counter()
            peer.send(frames.ping(number))
            if self._is_voice:
                self._sent += 1
                call = frames.tool_call(self._sent)
                self._calls[f"tc_{self._sent}"] = time.perf_counter()
                peer.send(call)

    async def _wait_for_answers(self) -> None:
        if not self._calls and not self._pings:
            return
        self._all_answered.clear()
        try:
            await asyncio.wait_for(self._all_answered.wait(), _GRACE)
        except TimeoutError:
            return  # what has not come by now is lost


def _percentile(times: list[float], part: float) -> float | None:
    return sorted(times)[int(len(times) * part)] * 1e3 if times else None
