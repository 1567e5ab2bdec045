"""A program of a user's own that holds a conversation and ends it from the place it is told; each step is a line.

    python ending_program.py URL PLACE sync|async

Its lines: "hanging NAME" when something has begun to hang, "ending" just before `end_session` is called, "end" and
"disconnect REASON" from the end callbacks, "over ID" when `wait_for_session_end` has returned. A line on its standard
input has it end, where the place is one of its own threads, and a SIGINT where it is a signal's handler.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, Final

from agentframework import (
    AsyncConversation,
    AudioInterface,
    Client,
    ClientTools,
    Conversation,
    DisconnectionDetails,
    OnPremInitiationData,
    StartError,
)

LONG: Final = 600.0
OWN_THREADS: Final = ("main", "thread", "four at once", "connect", "device")


def say(text: str) -> None:
    """One line, at once; from any thread."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Device(AudioInterface):
    """Speaks from a thread of its own; may hang when it is stopped."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def start(self, input_callback: Callable[[bytes], None]) -> None:
        def record() -> None:
            input_callback(bytes(320))
            if self._program.place == "device":
                sys.stdin.readline()
                self._program.end()

        threading.Thread(target=record, name="device", daemon=True).start()

    def output(self, audio: bytes) -> None:
        if self._program.place == "output":
            self._program.end()

    def interrupt(self) -> None: ...

    def stop(self) -> None:
        if self._program.place in ("main", "device", "output"):
            say("hanging stop")
            time.sleep(LONG)


class Program:
    """The conversation and the places that may end it."""

    def __init__(self, url: str, place: str, door: str) -> None:
        self.place = place
        self.is_async = door == "async"
        tools = ClientTools()
        tools.register("hang", self._hang)
        tools.register("cling", self._cling, is_async=True)
        tools.register("end", self._end_tool)
        tools.register("end_async", self._end_async_tool, is_async=True)
        kind: Any = AsyncConversation if self.is_async else Conversation
        self.conversation = kind(
            Client(),
            "agent_1",
            requires_auth=False,
            audio_interface=Device(self),
            client_tools=tools,
            callback_agent_response=self._on_agent_response,
            callback_user_transcript=self._on_user_transcript,
            callback_end_session=lambda: say("end"),
            callback_disconnect=self._on_disconnect,
            on_prem_config=OnPremInitiationData(url),
        )

    def end(self) -> None:
        """End it, and say so before."""
        say("ending")
        self.conversation.end_session()

    def run(self) -> None:
        """Hold it to its end."""
        if self.place == "connect":
            threading.Thread(target=self._end_when_told, daemon=True).start()
        try:
            self.conversation.start_session()
        except StartError:
            say("no start")
        if self.place == "main":
            self._end_when_told()
        else:
            self._end_from_threads()
        say(f"over {self.conversation.wait_for_session_end()}")

    async def run_async(self) -> None:
        """Hold it to its end, on a loop of the program's own."""
        if self.place == "connect":
            threading.Thread(target=self._end_when_told, daemon=True).start()
        try:
            await self.conversation.start_session()
        except StartError:
            say("no start")
        if self.place == "main":
            await asyncio.to_thread(sys.stdin.readline)
            say("ending")
            await self.conversation.end_session()
        else:
            self._end_from_threads()
        say(f"over {await self.conversation.wait_for_session_end()}")

    def _end_from_threads(self) -> None:
        if self.place == "thread":
            threading.Thread(target=self._end_when_told, daemon=True).start()
        elif self.place == "four at once":
            threading.Thread(target=self._end_four_times, daemon=True).start()

    def _end_four_times(self) -> None:
        sys.stdin.readline()
        together = threading.Barrier(4, action=lambda: say("ending"))
        for _ in range(4):
            threading.Thread(target=self._end_together, args=(together,), daemon=True).start()

    def _end_when_told(self) -> None:
        sys.stdin.readline()
        self.end()

    def _end_together(self, together: threading.Barrier) -> None:
        together.wait()
        self.conversation.end_session()

    def _on_agent_response(self, text: str) -> Any:
        if self.place == "callback":
            self.end()
        elif self.place == "async callback":
            return self._end_soon()
        return None

    async def _end_soon(self) -> None:
        self.end()

    def _on_user_transcript(self, text: str) -> None:
        say("hanging callback")
        time.sleep(LONG)

    def _on_disconnect(self, details: DisconnectionDetails) -> None:
        say(f"disconnect {details.reason}")
        if self.place == "disconnect":
            self.end()

    def _hang(self, parameters: dict[str, Any]) -> None:
        say("hanging hang")
        time.sleep(LONG)

    async def _cling(self, parameters: dict[str, Any]) -> None:
        """Swallows its cancellation, again and again."""
        say("hanging cling")
        while True:
            try:
                await asyncio.sleep(LONG)
            except asyncio.CancelledError:
                continue

    def _end_tool(self, parameters: dict[str, Any]) -> None:
        self.end()

    async def _end_async_tool(self, parameters: dict[str, Any]) -> None:
        self.end()


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # the old end callback is to be called as well
    program = Program(*sys.argv[1:])
    if program.place == "signal":
        signal.signal(signal.SIGINT, lambda number, frame: program.end())
    if program.is_async:
        asyncio.run(program.run_async())
    else:
        program.run()
