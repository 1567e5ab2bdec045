"""A safe that never opens: a tool that fails, in both ways that a tool can."""

from __future__ import annotations

from typing import Final

from agentframework import ToolError, tool

__all__ = ["unlock_safe"]

_CODE_THAT_JAMS: Final = "0000"


@tool
def unlock_safe(code: str = "") -> str:
    """Open the safe.

    Args:
        code: The four digits that unlock the safe.
    """
    if code == _CODE_THAT_JAMS:
        # What a bug looks like. Its text is for the log alone; the agent hears a neutral sentence with the id of
        # the log record.
        raise RuntimeError("the bolt's motor draws 9.2 A and does not move")
    # A failure that the agent should hear of, word for word.
    raise ToolError(f"The safe stays locked: {code!r} is not its code." if code else "The safe is locked.")
