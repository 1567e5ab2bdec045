"""A process of its own for the soak tests: the agent's side, or a program that holds conversation after conversation.

    python soak_program.py serve                                     its first line is the address
    python soak_program.py cycles URL sync|async CYCLES EVERY ...    a line of JSON, a `Sample`, for each EVERY cycles

With `keep` it keeps every conversation: that is what a leak of all of them looks like. With `roughly` six of seven
conversations fail in one way or another.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent_stub import Peer, agent
from agentframework import (
    AsyncConversation,
    AudioInterface,
    Client,
    ClientTools,
    Conversation,
    ConversationInitiationData,
    StartError,
)
from doors import base_of

__all__ = ["LOOPS", "Sample"]


LOOPS = {"agentframework-wire", "agentframework-user"}


@dataclass(frozen=True)
class Sample:
    """What a process holds after so many cycles, when the garbage has been collected."""

    cycles: int
    rss_bytes: int
    blocks: int
    tasks: int
    sessions: int
    descriptors: int
    threads: list[str]


def settled(cycles: int, kept: int) -> Sample:
    """A sample once the threads of the last conversation have ended; not on a loop's thread."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if not LOOPS & {thread.name for thread in threading.enumerate()}:
            taken = sample(cycles)
            if taken.sessions == kept:
                return taken
        time.sleep(0.01)
    return sample(cycles)


def sample(cycles: int) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    objects = gc.get_objects()
    return Sample(
        cycles=cycles,
        rss_bytes=pages * resource.getpagesize(),
        blocks=sys.getallocatedblocks(),
        tasks=sum(isinstance(one, asyncio.Task) for one in objects),
        sessions=sum(type(one).__name__ == "Session" for one in objects),
        descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threads=sorted(thread.name.rstrip("0123456789") for thread in threading.enumerate()),
    )


class Silence(AudioInterface):
    """Gives a block and takes what comes."""

    def start(self, input_callback: Callable[[bytes], None]) -> None:
        input_callback(bytes(3200))

    def stop(self) -> None: ...
    def output(self, audio: bytes) -> None: ...
    def interrupt(self) -> None: ...


WAYS = ("ended", "unreachable", "refused", "silent", "dropped", "held", "raising")
"""How a conversation goes: well, or in one of the ways in which something fails."""


async def talk(peer: Peer) -> None:
    """Both kinds of tools, sound, a callback, and then the client's end; or what the client asks for."""
    opening = await peer.receive()
    way = opening["dynamic_variables"]["way"]
    if way == "refused":
        await peer.connection.close(
            1008, "Missing required dynamic variables in first message: {'user_name'}"
        )
        return
    if way == "silent":
        await peer.until_closed()
        return
    metadata = {"conversation_id": "conv_1"}
    await peer.send(
        {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": metadata}
    )
    if way == "held":
        await peer.call("held", "h")
    if way == "dropped":
        await peer.call("held", "h")
        peer.connection.transport.abort()
        return
    await peer.send({"type": "audio", "audio_event": {"audio_base_64": "AAAA" * 800, "event_id": 1}})
    await peer.call("plain", "p", {"text": "x" * 1000})
    await peer.call("coroutine", "c", {"text": "y" * 1000})
    seen = set[str]()
    while not {"p", "c"} <= seen:
        seen.add((await peer.receive()).get("tool_call_id", ""))
    if way == "raising":
        transcript = {"user_transcript": "raise", "event_id": 1}
        await peer.send({"type": "user_transcript", "user_transcription_event": transcript})
    await peer.say("that is all")
    await peer.until_closed()


class Held:
    """A tool that goes on until it is let go, which is after the end."""

    def __init__(self) -> None:
        self._go = threading.Event()

    def __call__(self, parameters: dict[str, Any]) -> None:
        self._go.wait(10)

    def let_go(self) -> None:
        self._go.set()


def conversation(kind: Any, url: str, way: str, held: Held, on_response: Callable[[str], object]) -> Any:
    async def coroutine(parameters: dict[str, Any]) -> dict[str, Any]:
        return parameters

    def on_transcript(text: str) -> None:
        raise ValueError(text)

    tools = ClientTools()
    tools.register("plain", lambda parameters: parameters)
    tools.register("coroutine", coroutine, is_async=True)
    tools.register("held", held)
    return kind(
        Client(None, "http://127.0.0.1:1" if way == "unreachable" else base_of(url)),
        "agent_1",
        requires_auth=False,
        audio_interface=Silence(),
        config=ConversationInitiationData(dynamic_variables={"way": way}),
        client_tools=tools,
        callback_agent_response=on_response,
        callback_user_transcript=on_transcript,
        callback_disconnect=lambda details: None,
        connect_timeout=0.02 if way == "silent" else 10.0,
    )


FAILS_TO_START = ("unreachable", "refused", "silent")


def cycle(url: str, way: str) -> Any:
    said, held = threading.Event(), Held()
    one = conversation(Conversation, url, way, held, lambda text: said.set())
    if way in FAILS_TO_START:
        with contextlib.suppress(StartError):
            one.start_session()
            raise AssertionError(f"{way} has started")
        assert one.wait_for_session_end() is None
        return one
    one.start_session()
    assert way == "dropped" or said.wait(10)
    one.end_session()
    assert one.wait_for_session_end() == "conv_1"
    held.let_go()
    return one


async def async_cycle(url: str, way: str) -> Any:
    said, held = asyncio.Event(), Held()

    async def on_response(text: str) -> None:
        said.set()

    one = conversation(AsyncConversation, url, way, held, on_response)
    if way in FAILS_TO_START:
        with contextlib.suppress(StartError):
            await one.start_session()
            raise AssertionError(f"{way} has started")
        assert await one.wait_for_session_end() is None
        return one
    await one.start_session()
    assert way == "dropped" or await asyncio.wait_for(said.wait(), 10)
    await one.end_session()
    assert await one.wait_for_session_end() == "conv_1"
    held.let_go()
    return one


async def async_cycles(url: str, ways: Sequence[str], count: int, every: int, kept: list[Any] | None) -> None:
    for number in range(1, count + 1):
        one = await async_cycle(url, ways[number % len(ways)])
        if kept is not None:
            kept.append(one)
        del one
        if number % every == 0:
            await asyncio.to_thread(tell, number, kept)


def cycles(url: str, ways: Sequence[str], count: int, every: int, kept: list[Any] | None) -> None:
    for number in range(1, count + 1):
        one = cycle(url, ways[number % len(ways)])
        if kept is not None:
            kept.append(one)
        del one
        if number % every == 0:
            tell(number, kept)


def tell(number: int, kept: list[Any] | None) -> None:
    print(json.dumps(asdict(settled(number, len(kept or ())))), flush=True)


def serve() -> None:
    with agent(talk) as served:
        print(served.url, flush=True)
        sys.stdin.read()


def main(command: str, *arguments: str) -> None:
    if command == "serve":
        serve()
        return
    logging.getLogger("agentframework").setLevel(logging.CRITICAL)  # what fails here fails on purpose
    url, door, count, every = arguments[:4]
    ways = WAYS if "roughly" in arguments else WAYS[:1]
    kept: list[Any] | None = [] if "keep" in arguments else None
    if door == "async":
        asyncio.run(async_cycles(url, ways, int(count), int(every), kept))
    else:
        cycles(url, ways, int(count), int(every), kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
