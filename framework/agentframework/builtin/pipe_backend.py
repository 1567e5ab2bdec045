"""The audio backend `pipe`: one command's output is the microphone, another one's input the speaker."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from agentframework import AudioBackend, AudioError, AudioLine
from agentframework.builtin.pipe_presets import are_sound_cards

if TYPE_CHECKING or sys.platform != "win32":
    from agentframework.builtin.pipe_microphone import Microphone
    from agentframework.builtin.pipe_process import Process, end_all
    from agentframework.builtin.pipe_speaker import Speaker

__all__ = ["PipeBackend"]

_FORMAT = "s16le"
_JOIN = 0.08


class PipeBackend(AudioBackend):
    """Raw samples of 16 bit, little-endian and mono, by pipes; `{rate}` and `{format}` in the words say so.

    At most some 60 ms of speech are ahead of the player in its pipe. Where the user interrupts, the player is ended
    and started anew: that is silence at once, whatever it holds itself. A command that ends is a lost device, but a
    microphone that ends with status 0 is over, as a file is: then there is silence.
    """

    def __init__(
        self,
        capture: Sequence[str],
        playback: Sequence[str],
        *,
        rate_hz: int | None = None,
        restart: bool = True,
    ) -> None:
        if sys.platform == "win32":
            raise AudioError("the audio backend pipe needs the pipes of Linux or macOS, and this is Windows")
        if not capture and not playback:
            raise AudioError(
                "the audio backend pipe needs a preset, or the commands capture or playback, in [plugins.pipe]"
            )
        self._capture = capture
        self._playback = playback
        self._rate_hz = rate_hz
        self._restart = restart
        self._over = threading.Event()
        self._microphone: Process | None = None
        self._speaker: Speaker | None = None
        self._threads: list[threading.Thread] = []

    def start(self, line: AudioLine) -> None:
        line.use_rates(input_rate_hz=self._rate_hz, output_rate_hz=self._rate_hz)
        self._over = over = threading.Event()
        try:
            if self._capture:
                words = _filled(self._capture, line.input_rate_hz)
                self._microphone = Process(words, "microphone")
                self._run("pipe-microphone", Microphone(self._microphone, line, over).run)
            else:
                line.end_capture()
            if self._playback:
                words = _filled(self._playback, line.output_rate_hz)
                self._speaker = Speaker(partial(Process, words, "speaker"), line, over)
                self._run("pipe-speaker", self._speaker.run)
            else:
                line.end_playback()
        except AudioError:
            self.stop()
            raise
        line.note_devices(
            self._capture[0] if self._capture else "",
            self._playback[0] if self._playback else "",
            hear_each_other=bool(self._capture and self._playback)
            and are_sound_cards(self._capture[0], self._playback[0]),
        )

    def flush(self) -> None:
        if self._speaker is not None and self._restart:
            self._speaker.restart()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(_JOIN)
        processes = [] if self._microphone is None else [self._microphone]
        if self._speaker is not None:
            processes.append(self._speaker.close())
        self._threads, self._microphone, self._speaker = [], None, None
        end_all(processes)

    def _run(self, name: str, work: Callable[[], None]) -> None:
        over = self._over

        def until_over() -> None:
            try:
                work()
            except (OSError, ValueError):
                if not over.is_set():  # a `stop` that could not wait has closed the pipe
                    raise

        thread = threading.Thread(target=until_over, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)


def _filled(words: Sequence[str], rate_hz: int) -> list[str]:
    return [word.replace("{rate}", str(rate_hz)).replace("{format}", _FORMAT) for word in words]
