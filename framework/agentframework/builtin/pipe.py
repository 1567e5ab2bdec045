"""The plugin `pipe`: commands of the user's are microphone and speaker."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentframework import AudioBackend, AudioBackendRegistrar, hookimpl

__all__ = ["Settings", "register_audio_backends"]

Command = tuple[Annotated[str, Field(min_length=1)], ...]


class Settings(BaseModel):
    """The table `[plugins.pipe]` of the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: Literal["pulse", "alsa", "sox"] | None = Field(
        None, description="Both commands by one word; a command that is given counts instead."
    )
    capture: Command | None = Field(
        None, description="The program and its arguments whose output is heard; [] for no microphone."
    )
    playback: Command | None = Field(
        None, description="The program and its arguments that is told what to play; [] for no speaker."
    )
    rate_hz: int | None = Field(
        None, ge=4000, le=384_000, description="The rate of both commands, where it is not the agent's."
    )
    restart: bool = Field(
        True,
        description="Whether the player is started anew where the user interrupts, which silences it at once.",
    )


@hookimpl
def register_audio_backends(register: AudioBackendRegistrar) -> None:
    register("pipe", partial(_make, register.settings(Settings)))


def _make(settings: Settings) -> AudioBackend:
    from agentframework.builtin.pipe_backend import PipeBackend  # only where it is chosen
    from agentframework.builtin.pipe_presets import preset_commands

    capture, playback = preset_commands(settings.preset)
    return PipeBackend(
        capture if settings.capture is None else settings.capture,
        playback if settings.playback is None else settings.playback,
        rate_hz=settings.rate_hz,
        restart=settings.restart,
    )
