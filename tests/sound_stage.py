"""A conversation with real sound whose agent the test plays itself, from its own thread."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed

from agent_stub import PATIENCE, Peer, Recorder, agent, finish, make_session, start
from agentframework.audio.base import AudioBackend
from agentframework.audio.echo import EchoMode, echo_control
from agentframework.audio.g711 import encode_ulaw
from agentframework.callbacks import Event
from agentframework.formats import AudioFormat
from agentframework.session.session import OwnedBackend, Session
from agentframework_pyaudio.backend import PyAudioBackend

__all__ = ["Stage", "TimedRecorder", "on_stage"]


class TimedRecorder(Recorder):
    """Keeps with every event when it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def on_event(self, event: Event) -> None:
        with self._changed:
            self.times.append(time.monotonic())
            self.events.append(event)
            self._changed.notify_all()

    def forget(self) -> None:
        """Keep nothing of what was told so far."""
        with self._changed:
            self.times.clear()
            self.events.clear()

    def time_of(self, event: object) -> float:
        """When this very event was told."""
        return next(at for at, kept in zip(self.times, self.events, strict=False) if kept is event)


class Stage:
    """The agent's side of one conversation: what it sends is said by the test, what it hears is kept."""

    def __init__(self, input_format: str, output_format: str) -> None:
        self.input_format = AudioFormat.parse(input_format)
        self.output_format = AudioFormat.parse(output_format)
        self.events = TimedRecorder()
        self.session: Session | None = None
        self._formats = {"user_input_audio_format": input_format, "agent_output_audio_format": output_format}
        self._arrivals: list[tuple[float, bytes]] = []
        self._forgotten_bytes = 0
        self._first_arrival = float("inf")
        self._pongs: set[int] = set()
        self._changed = threading.Condition()
        self._opened = threading.Event()
        self._peer: Peer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def play(self, peer: Peer) -> None:
        """The agent's part, until the client hangs up."""
        await peer.open(**self._formats)
        self._peer, self._loop = peer, asyncio.get_running_loop()
        self._opened.set()
        while True:
            try:
                message = await peer.receive()
            except TimeoutError:
                continue  # muted, for example
            except ConnectionClosed:
                return
            now = time.monotonic()
            with self._changed:
                if "user_audio_chunk" in message:
                    self._first_arrival = min(self._first_arrival, now)
                    self._arrivals.append((now, base64.b64decode(message["user_audio_chunk"])))
                elif message.get("type") == "pong":
                    self._pongs.add(message["event_id"])
                self._changed.notify_all()

    def say(self, event_id: int, audio: bytes, *, is_final: bool | None = None) -> None:
        """Send one chunk of speech in the output format."""
        event = {"audio_base_64": base64.b64encode(audio).decode(), "event_id": event_id}
        if is_final is not None:
            event["is_final"] = is_final
        self._send({"type": "audio", "audio_event": event})

    def say_pcm(self, event_id: int, pcm: bytes, *, is_final: bool | None = None) -> None:
        """Send one chunk of speech, which is given as PCM at the output format's rate."""
        is_pcm = self.output_format.codec == "pcm"
        self.say(event_id, pcm if is_pcm else encode_ulaw(pcm), is_final=is_final)

    def interrupt(self, event_id: int) -> float:
        """Send an interruption; just before when."""
        message = {"type": "interruption", "interruption_event": {"event_id": event_id}}
        now = time.monotonic()
        self._send(message)
        return now

    def assert_alive(self, event_id: int) -> None:
        """The conversation goes on: it answers a ping."""
        assert self._peer is not None
        self._do(self._peer.ping(event_id))
        with self._changed:
            assert self._changed.wait_for(lambda: event_id in self._pongs, PATIENCE), "no pong"

    def heard(self) -> bytes:
        """All that was heard so far, in the input format."""
        with self._changed:
            return b"".join(block for _, block in self._arrivals)

    def arrivals(self) -> list[tuple[float, bytes]]:
        """The blocks that were heard, with the times at which they came."""
        with self._changed:
            return list(self._arrivals)

    def forget(self) -> None:
        """Keep nothing of what was heard and told so far."""
        with self._changed:
            self._forgotten_bytes += self._heard_bytes()
            self._arrivals.clear()
        self.events.forget()

    def behind(self) -> float:
        """By how many seconds all that was heard is less than the time from the first block to the last."""
        with self._changed:
            heard = self.input_format.duration(self._forgotten_bytes + self._heard_bytes())
            return self._arrivals[-1][0] - self._first_arrival - heard

    def wait_for_audio(self, seconds: float) -> None:
        """Until so much more is heard."""
        with self._changed:
            wanted = self._heard_bytes() + self.input_format.size_bytes(seconds)
            assert self._changed.wait_for(lambda: self._heard_bytes() >= wanted, seconds + PATIENCE), "deaf"

    def _heard_bytes(self) -> int:
        return sum(len(block) for _, block in self._arrivals)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._peer is not None
        self._do(self._peer.send(message))

    def _do(self, action: Coroutine[Any, Any, object]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(action, self._loop).result(PATIENCE)


@contextmanager
def on_stage(
    *,
    input_format: str = "pcm_16000",
    output_format: str = "pcm_16000",
    backend: Callable[[], AudioBackend] = PyAudioBackend,
    echo: EchoMode = "off",
    listens: bool = True,
) -> Iterator[Stage]:
    """A conversation over a real socket, with PyAudio's devices unless said otherwise; it `listens` already."""
    stage = Stage(input_format, output_format)
    with agent(stage.play) as served:
        audio = OwnedBackend("the test", backend(), echo=echo_control(echo))
        session = make_session(served.url, handlers=(stage.events,), audio=audio)
        stage.session = session
        start(session)
        try:
            assert stage._opened.wait(PATIENCE)
            if listens:
                stage.wait_for_audio(0.1)
            yield stage
        finally:
            finish(session)
