"""What this package registers: the module that the entry point `examples` names."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import BaseModel, Field

from agentframework import (
    ApproverRegistrar,
    AudioBackendRegistrar,
    CallbacksRegistrar,
    Tool,
    ToolRegistrar,
    hookimpl,
)
from agentframework_example_tools.approval import CommandApprover
from agentframework_example_tools.clock import world_time
from agentframework_example_tools.coffee import make_coffee
from agentframework_example_tools.primes import count_primes
from agentframework_example_tools.restaurant import Booking, Restaurant
from agentframework_example_tools.safe import unlock_safe
from agentframework_example_tools.timer import start_timer
from agentframework_example_tools.tone import ToneBackend
from agentframework_example_tools.transcript import Transcript
from agentframework_example_tools.units import convert_units

__all__ = ["register_approvers", "register_audio_backends", "register_callbacks", "register_tools"]


class Settings(BaseModel):
    """The table `[plugins.examples]` of the config."""

    transcript: Path | None = None
    approve_command: tuple[str, ...] | None = Field(None, min_length=1)


@hookimpl
def register_tools(register: ToolRegistrar) -> None:
    for made in (world_time, start_timer, convert_units, count_primes, make_coffee, unlock_safe):
        register(made)
    # Made here and not at import, so that each run begins with an empty book.
    restaurant = Restaurant()
    register(
        Tool("book_table", restaurant.book, parameters=Booking, description="Book a table at the restaurant.")
    )


@hookimpl
def register_callbacks(register: CallbacksRegistrar) -> None:
    settings = register.settings(Settings)
    if settings.transcript is not None:
        # What is registered makes one object for each conversation; an object would be told of all of them.
        register(partial(Transcript, settings.transcript))


@hookimpl
def register_audio_backends(register: AudioBackendRegistrar) -> None:
    register("tone", ToneBackend)


@hookimpl
def register_approvers(register: ApproverRegistrar) -> None:
    command = register.settings(Settings).approve_command
    if command is not None:
        register("command", partial(CommandApprover, command))
