"""Notices devices that have died, says so, and has them opened again until that succeeds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Literal

from agentframework.audio.line import AudioLine
from agentframework.callbacks import AudioRestored, AudioStalled, Event
from agentframework.session.backendlane import BackendLane
from agentframework.session.timers import Timer, Timers

__all__ = ["DeviceWatch"]

_log = logging.getLogger("agentframework.audio")
_EVERY = 0.25
_DEAD = 1.75  # so that it is noticed within 2 s, looked at every quarter
_SILENT = 30.0
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 8.0

Device = Literal["microphone", "speaker", "both"]
_WORDS = {"microphone": "microphone", "speaker": "speaker", "both": "sound device"}


class DeviceWatch:
    """Watches the devices of one line from `opened` to `stop`; lives on the wire.

    A device is dead where nothing came from it, or nothing was taken by it, for 2 s, or where its backend reports
    a fault. A microphone that gives digital silence for 30 s is said to, and left open: there is nothing to reopen.
    """

    def __init__(
        self,
        line: AudioLine,
        lane: BackendLane,
        emit: Callable[[Event], None],
        post: Callable[..., None],
        on_lost: Callable[[], None],
        timers: Timers,
    ) -> None:
        self._line = line
        self._lane = lane
        self._emit = emit
        self._post = post
        self._on_lost = on_lost
        self._timers = timers
        self._timer: Timer | None = None
        self._state: Literal["closed", "open", "lost", "opening"] = "closed"
        self._opened = 0.0
        self._lost: Device = "both"
        self._lost_since = 0.0
        self._delay = _FIRST_DELAY
        self._silent_since: float | None = None

    def opened(self, problem: str | None) -> None:
        """The backend was started for the first time, or could not be."""
        if problem is not None:
            self._line.lose()
            self._state, self._lost, self._lost_since = "lost", "both", self._line.clock()
            self._emit(AudioStalled("both", problem))
            self._look_in(self._delay)
            return
        self._state, self._opened = "open", self._line.clock()
        self._look_in(_EVERY)
        self._heed_early_fault()

    def fault(self, device: Device, problem: str) -> None:
        """The backend says that a device is gone."""
        if self._state in ("open", "opening"):
            self._lose(device, problem)

    def stop(self) -> None:
        """Watch no more."""
        self._state = "closed"
        if self._timer is not None:
            self._timer.cancel()

    def _look_in(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timers.call_later(delay, self._look)

    def _look(self) -> None:
        if self._state == "lost":
            self._lane.reopen(self._line, partial(self._post, self._reopened))
            return
        dead = self._dead()
        if dead is not None:
            self._lose(
                dead, "it gave no sound for 2 s" if dead == "microphone" else "it took no sound for 2 s"
            )
            return
        if self._state == "opening" and self._works():
            self._restore()
        if self._state == "open":
            self._listen_for_silence()
        self._look_in(_EVERY)

    def _dead(self) -> Device | None:
        line, now = self._line, self._line.clock()
        if line.has_microphone and now - max(line.last_capture or 0.0, self._opened) > _DEAD:
            return "microphone"
        if line.has_speaker and now - max(line.last_playback or 0.0, self._opened) > _DEAD:
            return "speaker"
        return None

    def _works(self) -> bool:
        line = self._line
        hears = not line.has_microphone or (line.last_capture or 0.0) > self._opened
        speaks = not line.has_speaker or (line.last_playback or 0.0) > self._opened
        return hears and speaks

    def _lose(self, device: Device, problem: str) -> None:
        self._on_lost()
        self._line.lose()
        if self._state == "open":
            self._lost, self._lost_since, self._delay = device, self._line.clock(), _FIRST_DELAY
            _log.warning(
                "the %s of %s is lost: %s; it is opened again", _WORDS[device], self._lane.owner, problem
            )
            self._emit(AudioStalled(device, problem))
        self._state = "lost"
        self._look_in(self._delay)
        self._delay = min(2 * self._delay, _LONGEST_DELAY)

    def _reopened(self, problem: str | None) -> None:
        if self._state != "lost":
            return
        if problem is not None:
            self._look_in(self._delay)
            self._delay = min(2 * self._delay, _LONGEST_DELAY)
            return
        self._state, self._opened = "opening", self._line.clock()
        self._line.find()
        self._look_in(_EVERY)
        self._heed_early_fault()

    def _heed_early_fault(self) -> None:
        """A device may be gone again before the word that it was opened has come here."""
        if self._line.fault is not None:
            self.fault(*self._line.fault)

    def _restore(self) -> None:
        self._state, self._silent_since = "open", None
        duration = self._line.clock() - self._lost_since
        _log.warning("the %s of %s works again, after %.1f s", _WORDS[self._lost], self._lane.owner, duration)
        self._emit(AudioRestored(self._lost, duration))

    def _listen_for_silence(self) -> None:
        line, now = self._line, self._line.clock()
        if not line.has_microphone or line.muted or line.last_sound is None:
            return
        silent = now - max(line.last_sound, self._opened)
        if self._silent_since is None and silent >= _SILENT:
            self._silent_since = line.last_sound
            problem = f"it gives digital silence for {_SILENT:g} s: it may be switched off or muted"
            _log.warning("the microphone of %s: %s", self._lane.owner, problem)
            self._emit(AudioStalled("microphone", problem))
        elif self._silent_since is not None and silent < _SILENT:
            _log.warning("the microphone of %s gives sound again", self._lane.owner)
            self._emit(AudioRestored("microphone", line.last_sound - self._silent_since))
            self._silent_since = None
