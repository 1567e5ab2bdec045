"""A program of the ElevenLabs SDK's users with `Conversation`, as many of them at once as the orders say."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.clients.desk import Microphones, Orders, begin
from benchmarks.clients.doors import Doors

_PACE = 0.002


def main(doors: Doors, orders: Orders) -> None:
    microphones = Microphones()

    class Headset(doors.names.AudioInterface):  # type: ignore[name-defined, misc]
        """A microphone that speaks and a speaker that is not heard."""

        def start(self, input_callback: Callable[[bytes], None]) -> None:
            if orders.has_microphone:
                microphones.add(input_callback)

        def stop(self) -> None: ...

        def output(self, audio: bytes) -> None: ...

        def interrupt(self) -> None: ...

    client = doors.client(orders)
    callbacks: dict[str, Any] = {}
    if orders.nap:
        callbacks["callback_agent_response"] = lambda _: time.sleep(orders.nap)
    conversations = [
        doors.names.Conversation(
            client,
            orders.agent,
            requires_auth=False,
            audio_interface=None if orders.sound == "none" else Headset(),
            client_tools=doors.tools(orders, is_async=orders.has_async_tool),
            **callbacks,
        )
        for _ in range(orders.sessions)
    ]
    for conversation in conversations:
        conversation.start_session()
        time.sleep(_PACE)  # the SDK's start does not wait for the connection
    for conversation in conversations:
        conversation.wait_for_session_end()


if __name__ == "__main__":
    main(Doors(sys.argv[sys.argv.index("--package") + 1]), begin())
