"""What a user can say about the devices: the table `[plugins.pyaudio]` of the config."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DeviceName", "Settings"]

DeviceName = Annotated[int, Field(ge=0, strict=True)] | Annotated[str, Field(min_length=1)]
"""A device by its index, its name, or a part of its name; `agentframework audio list` shows them."""


class Settings(BaseModel):
    """Unless they are named the system's default devices are used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_device: DeviceName | None = None
    output_device: DeviceName | None = None
    quiet: bool = True
