"""Echo: what is done where the microphone hears the speaker, and the seam for cancelling it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

__all__ = ["EchoControl", "EchoMode", "echo_control"]

EchoMode = Literal["off", "half_duplex", "duck"]


class EchoControl(ABC):
    """Sees what is really played and changes what the microphone heard, block by block.

    Called on the device's threads, so each call must take well below a block's own time. PCM is signed 16-bit
    little-endian mono. `playback_gain` is read for each block and scales what is played.
    """

    playback_gain: float = 1.0

    @abstractmethod
    def start(self, input_rate_hz: int, output_rate_hz: int) -> None:
        """The rates of the microphone and of the speaker; before any audio, and again where they change."""

    @abstractmethod
    def played(self, pcm: bytes) -> None:
        """A block that goes to the speaker now, silence too, in order."""

    @abstractmethod
    def captured(self, pcm: bytes) -> bytes:
        """What the microphone heard; gives as many bytes of what is to be sent."""


def echo_control(echo: EchoMode | EchoControl) -> EchoControl | None:
    """What a user's word for it means; None for "off"."""
    if isinstance(echo, EchoControl):
        return echo
    return None
