"""A tool that is a plain function: it imports nothing of agentframework, and an entry point makes it a tool."""

from __future__ import annotations

import random
from typing import Annotated

from pydantic import Field

__all__ = ["roll_dice"]


def roll_dice(
    dice: Annotated[int, Field(ge=1, le=20)] = 1,
    sides: Annotated[int, Field(ge=2, le=100)] = 6,
) -> str:
    """Roll dice and tell what came up.

    Args:
        dice: How many dice to roll, 1 to 20.
        sides: How many sides each of them has, 2 to 100.
    """
    rolls = [random.randint(1, sides) for _ in range(dice)]  # noqa: S311  a game, not a secret
    if dice == 1:
        return f"You rolled a {rolls[0]}."
    return f"You rolled {', '.join(map(str, rolls[:-1]))} and {rolls[-1]}: {sum(rolls)} together."
