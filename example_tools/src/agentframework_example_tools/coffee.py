"""A coffee machine: switched on for the first coffee of a conversation, and off at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final, Literal

from agentframework import Resource, ToolContext, tool

__all__ = ["CoffeeMachine", "make_coffee", "switched_on"]

_STEP: Final = 0.2


class CoffeeMachine:
    """Stands for any device or service that takes a while to connect to, and wants a goodbye."""

    def __init__(self) -> None:
        self.is_on = False
        self._one_at_a_time = asyncio.Lock()

    async def switch_on(self) -> None:
        """Heat the water."""
        await asyncio.sleep(_STEP)
        self.is_on = True

    async def switch_off(self) -> None:
        """Let the water run out."""
        self.is_on = False
        await asyncio.sleep(0)

    async def brew(self, drink: str) -> AsyncIterator[str]:
        """Make one cup after another; says what it is doing before each step."""
        async with self._one_at_a_time:
            for step in ("grinding the beans", f"pouring the {drink}"):
                yield step
                await asyncio.sleep(_STEP)


@asynccontextmanager
async def switched_on() -> AsyncIterator[CoffeeMachine]:
    """The machine, for as long as somebody talks about coffee."""
    machine = CoffeeMachine()
    await machine.switch_on()
    try:
        yield machine
    finally:
        await machine.switch_off()


@tool
async def make_coffee(
    drink: Literal["espresso", "cappuccino", "latte"],
    machine: Annotated[CoffeeMachine, Resource(switched_on)],
    context: ToolContext,
) -> str:
    """Make a coffee.

    Args:
        drink: Which coffee.
    """
    # Only the first call waits for the machine to heat up; the agent sees neither `machine` nor `context`.
    async for step in machine.brew(drink):
        await context.progress(f"The machine is {step}.")
    return f"The {drink} is ready."
