"""The plugin `wav`: a file is heard as the microphone, and a file is written with the conversation's sound."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agentframework import AudioBackend, AudioBackendRegistrar, hookimpl

__all__ = ["Settings", "register_audio_backends"]


class Settings(BaseModel):
    """The table `[plugins.wav]` of the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Path | None = Field(None, description="The WAV file that is heard as the microphone.")
    output: Path | None = Field(
        None, description="The WAV file that is written; one that is there is replaced."
    )
    realtime: bool = Field(True, description="Whether a second of sound takes a second.")
    repeat: bool = Field(False, description="Whether the input begins anew at its end.")

    @model_validator(mode="after")
    def _check(self) -> Settings:
        if self.repeat and not self.realtime:
            raise ValueError("repeat without realtime has no end: leave one of them out")
        if self.input and self.output and self.input.resolve() == self.output.resolve():
            raise ValueError("input and output are one file, which would be replaced")
        return self


@hookimpl
def register_audio_backends(register: AudioBackendRegistrar) -> None:
    register("wav", partial(_make, register.settings(Settings)))


def _make(settings: Settings) -> AudioBackend:
    from agentframework.builtin.wav_backend import WavBackend  # only where it is chosen

    return WavBackend(settings.input, settings.output, realtime=settings.realtime, repeat=settings.repeat)
