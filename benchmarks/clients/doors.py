"""The names of a conversation's parts, which the SDK and the runtime share, from either of them."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.clients.desk import Orders, forecast

__all__ = ["Doors"]


class Doors:
    """`names` holds the classes; `client` is the object that a conversation is made with."""

    def __init__(self, package: str) -> None:
        if package == "elevenlabs":
            self.names: Any = importlib.import_module("elevenlabs.conversational_ai.conversation")
            self._client = importlib.import_module("elevenlabs.client").ElevenLabs
        else:
            self.names = importlib.import_module(package)
            self._client = self.names.Client
        for name in (
            "Conversation",
            "AsyncConversation",
            "ClientTools",
            "AudioInterface",
            "AsyncAudioInterface",
        ):
            getattr(self.names, name)  # imported before anything is timed

    def client(self, orders: Orders) -> Any:
        """What conversations are made with."""
        return self._client(base_url=orders.base_url)

    def tools(self, orders: Orders, loop: Any = None, is_async: bool = False) -> Any:
        """One tool: with a checked signature where the orders say so, else in the SDK's shape."""
        tools = self.names.ClientTools(loop)
        if orders.is_checked:
            tools.register(self._tool(_aforecast if is_async else forecast))
        else:
            tools.register("weather", _ahandler if is_async else _handler, is_async=is_async)
        return tools

    @functools.cache  # noqa: B019 - lives as long as the process, and a tool is declared once in a program
    def _tool(self, function: Callable[..., Any]) -> Any:
        return self.names.Tool("weather", function)


def _handler(arguments: dict[str, Any]) -> str:
    return forecast(arguments["city"], arguments["unit"], arguments["days"])


async def _ahandler(arguments: dict[str, Any]) -> str:
    return _handler(arguments)


async def _aforecast(city: str, unit: str, days: int) -> str:
    return forecast(city, unit, days)
