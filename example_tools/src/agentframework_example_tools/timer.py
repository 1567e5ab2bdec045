"""A countdown: an async tool, which waits without holding a thread."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field

from agentframework import tool

__all__ = ["start_timer"]


@tool
async def start_timer(
    seconds: Annotated[float, Field(gt=0, le=10, description="How many seconds to wait, at most 10.")],
) -> str:
    """Start a timer that counts down some seconds, and say when it is over."""
    await asyncio.sleep(seconds)
    return f"Time is up after {seconds:g} s."
