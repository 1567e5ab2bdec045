"""What an exception says of itself, as text; it may raise while it is asked, and be anything."""

from __future__ import annotations

import traceback
from typing import Final

__all__ = ["cut", "text_of", "trace_of", "type_name_of"]

_MAX_TEXT: Final = 8192


def cut(text: str) -> str:
    """A text that may be shown or sent."""
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."


def type_name_of(error: BaseException) -> str:
    """The name of its type."""
    try:
        return str(type(error).__name__)
    except BaseException:  # noqa: BLE001 - a metaclass may say anything
        return "an exception"


def text_of(error: BaseException) -> str:
    """What it says; empty where it cannot."""
    try:
        return cut(str(error))
    except BaseException:  # noqa: BLE001 - its own code ran
        return ""


def trace_of(error: BaseException) -> str:
    """The end of its traceback; empty where there is none to be had."""
    try:
        return "".join(traceback.format_exception(error))[-_MAX_TEXT:]
    except BaseException:  # noqa: BLE001 - its own code ran
        return ""
