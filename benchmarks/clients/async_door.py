"""A program of the ElevenLabs SDK's users with `AsyncConversation`, as many of them at once as the orders say."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.clients.desk import Microphones, Orders, begin
from benchmarks.clients.doors import Doors

_AT_ONCE = 50
_PACE = 0.1


async def main(doors: Doors, orders: Orders) -> None:
    microphones = Microphones()

    class Headset(doors.names.AsyncAudioInterface):  # type: ignore[name-defined, misc]
        """A microphone that speaks and a speaker that is not heard."""

        async def start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
            if orders.has_microphone:
                microphones.add_async(input_callback)

        async def stop(self) -> None: ...

        async def output(self, audio: bytes) -> None: ...

        async def interrupt(self) -> None: ...

    async def nap(_: str) -> None:
        time.sleep(orders.nap)  # noqa: ASYNC251 - this is what is measured: a coroutine that does not yield

    client = doors.client(orders)
    callbacks: dict[str, Any] = {"callback_agent_response": nap} if orders.nap else {}
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one() -> None:
        conversation = doors.names.AsyncConversation(
            client,
            orders.agent,
            requires_auth=False,
            audio_interface=None if orders.sound == "none" else Headset(),
            client_tools=doors.tools(orders, asyncio.get_running_loop(), is_async=True),
            **callbacks,
        )
        async with gate:
            await conversation.start_session()
            await asyncio.sleep(_PACE)  # the SDK's start does not wait for the connection
        await conversation.wait_for_session_end()

    await asyncio.gather(*(one() for _ in range(orders.sessions)))


if __name__ == "__main__":
    asyncio.run(main(Doors(sys.argv[sys.argv.index("--package") + 1]), begin()))
