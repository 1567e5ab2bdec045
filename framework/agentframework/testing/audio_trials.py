"""One trial of an audio backend: a new one, called as the runtime calls it, and a line that keeps what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from agentframework import AudioBackend, AudioFormat, AudioLine

__all__ = ["LONG", "AudioBackendCase", "ObservedLine", "Trial"]

LONG = 10.0
"""Seconds until a call that should be quick has failed for certain."""

_LIMITS = {"start": 1.0, "flush": 0.02, "stop": 0.4}
_SLACK = 1.0  # a machine that has much to do is no fault of a backend
_TOLERANCE = 0.3
_WINDOW = 1.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One `write_capture` or `read_playback`: how many samples, at which rate, when, and on which thread."""

    what: Literal["capture", "playback"]
    samples: int
    rate_hz: int
    at: float
    thread: int


class ObservedLine(AudioLine):
    """A line that keeps each call of the device."""

    def __init__(self, input_format: AudioFormat, output_format: AudioFormat) -> None:
        super().__init__(input_format, output_format)
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self._changed = threading.Condition()

    def write_capture(self, pcm: bytes, *, latency: float = 0.0) -> None:
        given: object = pcm
        if not isinstance(given, bytes | bytearray | memoryview):
            self._fault(f"write_capture is given a {type(given).__name__}")
        elif len(given) % 2:
            self._fault(f"write_capture is given {len(given)} bytes, which are no whole samples of 16 bit")
        super().write_capture(pcm, latency=latency)
        self._keep("capture", len(pcm) // 2, self.input_rate_hz)

    def read_playback(self, frames: int, *, latency: float = 0.0) -> bytes:
        given: object = frames
        if not isinstance(given, int) or given < 0:
            self._fault(f"read_playback is asked for {given!r} frames")
        block = super().read_playback(frames, latency=latency)
        self._keep("playback", frames, self.output_rate_hz)
        return block

    def report_fault(self, device: Literal["microphone", "speaker"], problem: str) -> None:
        self._fault(f"the backend reports that the {device} is lost: {problem}")

    def wait(self, holds: Callable[[], bool], problem: str, seconds: float = LONG) -> None:
        """Until something holds that a call of the device brings about."""
        until = time.monotonic() + seconds
        with self._changed:
            while not holds():
                assert not self.faults, self.faults[0]
                assert time.monotonic() < until, problem
                self._changed.wait(0.05)

    def of(self, what: str) -> list[Call]:
        """The calls of one kind so far."""
        return [call for call in list(self.calls) if call.what == what]

    def _keep(self, what: Literal["capture", "playback"], samples: int, rate_hz: int) -> None:
        with self._changed:
            self.calls.append(Call(what, samples, rate_hz, time.monotonic(), threading.get_ident()))
            self._changed.notify_all()

    def _fault(self, problem: str) -> None:
        self.faults.append(problem)


class Trial:
    """What a case has to do with: a backend that is new, and lines. Its methods are called on another thread."""

    def __init__(self, make_backend: Callable[[], AudioBackend], case: AudioBackendCase) -> None:
        self.threads_before = set(threading.enumerate())
        self.make_backend = make_backend
        self.case = case
        self.backend = make_backend()
        self.line = ObservedLine(AudioFormat(), AudioFormat())
        self.caller = 0

    def call(self, name: str, *arguments: Any) -> None:
        """Call a method as the runtime does, and see that it returns in time. Raises what it raises."""
        errors: list[BaseException] = []

        def run() -> None:
            self.caller = threading.get_ident()
            try:
                getattr(self.backend, name)(*arguments)
            except BaseException as error:  # noqa: BLE001 - it is raised where the case can see it
                errors.append(error)

        started = time.monotonic()
        caller = threading.Thread(target=run, name=f"runtime-{name}", daemon=True)
        caller.start()
        caller.join(LONG)
        assert not caller.is_alive(), f"{name}() does not return"
        if errors:
            raise errors[0]
        took, limit = time.monotonic() - started, _LIMITS[name]
        assert took < limit + _SLACK, f"{name}() took {took:.2f} s; it may take {limit:g} s"

    def start(self, line: ObservedLine | None = None) -> None:
        """Start it, with the line of this trial or another."""
        self.line = line or self.line
        self.call("start", self.line)

    def stop(self) -> None:
        """Stop it."""
        self.call("stop")

    def works(self) -> None:
        """Wait until the devices that it has do something."""
        for what, word in self._devices():
            before = len(self.line.of(what))
            self.line.wait(
                lambda what=what, before=before: len(self.line.of(what)) > before + 2,  # type: ignore[misc]
                f"nothing is {word} any more",
            )

    def keeps_time(self, what: Literal["capture", "playback"]) -> None:
        """Wait until a second of sound takes a second, with tolerance and more than one attempt."""
        self.line.wait(lambda: len(self.line.of(what)) > 5, f"there is no {what}")
        seconds = took = 0.0
        for _ in range(_ATTEMPTS):
            first = self.line.of(what)[-1]
            self.line.wait(
                lambda first=first: self.line.of(what)[-1].at > first.at + _WINDOW,  # type: ignore[misc]
                f"the {what} comes to a halt",
            )
            since = [call for call in self.line.of(what) if call.at > first.at]
            seconds = sum(call.samples / call.rate_hz for call in since)
            took = since[-1].at - first.at
            if abs(seconds / took - 1) < _TOLERANCE:
                return
        raise AssertionError(f"in {took:.2f} s there were {seconds:.2f} s of {what}")

    def _devices(self) -> list[tuple[str, str]]:
        devices = [("capture", "heard")] if self.case.hears else []
        return [*devices, ("playback", "taken for playing")] if self.case.speaks else devices


@dataclass(frozen=True, slots=True)
class AudioBackendCase:
    """One case, and what is said of the backend: see `audio_backend_cases`."""

    name: str
    test: Callable[[Trial], None]
    needs: Literal["", "microphone", "speaker", "no microphone", "no speaker", "broken"] = ""
    hears: bool = True
    speaks: bool = True
    sounded: Callable[[AudioBackend], bytes] | None = None
    make_broken: Callable[[], AudioBackend] | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def applies(self) -> bool:
        """Whether it is for such a backend."""
        applies = {
            "microphone": self.hears,
            "speaker": self.speaks,
            "no microphone": not self.hears,
            "no speaker": not self.speaks,
            "broken": self.make_broken is not None,
        }
        return applies.get(self.needs, True)

    def run(self, make_backend: Callable[[], AudioBackend]) -> None:
        """Run the case with a backend of its own. Raises AssertionError, or what the backend raises."""
        trial = Trial(make_backend, self)
        try:
            self.test(trial)
            assert not trial.line.faults, trial.line.faults[0]
        finally:
            trial.backend.stop()
