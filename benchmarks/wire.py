"""Tool calls and audio through the runtime, beside the least that a client on websockets and uvloop can do.

Run `make bench` or `python benchmarks/wire.py [ROUNDS]`. Each round measures all rows in turn against a server
in a process of its own, so that a row's ratio compares neighbours in time; shown are the medians and the spread.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import pybase64
import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from agentframework import Callbacks, Tool, ToolRegistry
from agentframework.session.session import OwnedHandler, Session
from agentframework.transports.websocket import open_websocket

ROUND_TRIPS = 1_000
BURST = 5_000
CHUNKS = 5_000
AUDIO = base64.b64encode(bytes(8_000)).decode()
METADATA = {
    "type": "conversation_initiation_metadata",
    "conversation_initiation_metadata_event": {"conversation_id": "c"},
}


def call_frame(name: str, number: int) -> str:
    """A tool call with a typical set of arguments."""
    parameters = {"city": "Oslo", "unit": "celsius", "days": 3}
    call = {"tool_name": name, "tool_call_id": f"tc_{number}", "parameters": parameters}
    return json.dumps({"type": "client_tool_call", "client_tool_call": {**call, "expects_response": True}})


async def round_trips(connection: ServerConnection) -> float:
    """The median time of one call in flight, in seconds."""
    times = []
    for number in range(ROUND_TRIPS):
        began = time.perf_counter()
        await connection.send(call_frame("weather", number))
        await connection.recv()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def burst(connection: ServerConnection) -> float:
    """Seconds for all answers to calls that are sent at once."""
    frames = [call_frame("weather", number) for number in range(BURST)]
    began = time.perf_counter()

    async def feed() -> None:
        for frame in frames:
            await connection.send(frame)

    feeding = asyncio.create_task(feed())
    for _ in frames:
        await connection.recv()
    await feeding
    return time.perf_counter() - began


async def audio_in(connection: ServerConnection) -> float:
    """Seconds until so many audio events of 250 ms and a ping behind them are taken."""
    frames = [
        json.dumps({"type": "audio", "audio_event": {"audio_base_64": AUDIO, "event_id": number}})
        for number in range(CHUNKS)
    ]
    began = time.perf_counter()
    for frame in frames:
        await connection.send(frame)
    await connection.send(json.dumps({"type": "ping", "ping_event": {"event_id": 1}}))
    await connection.recv()
    return time.perf_counter() - began


WORK: dict[str, Callable[[ServerConnection], Awaitable[float]]] = {
    "round trip": round_trips,
    "burst": burst,
    "audio in": audio_in,
}


def serve_work(pipe: Connection) -> None:
    """The server's process: does the work that the query names, and tells how long it took."""

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        work = WORK[connection.request.path.rpartition("=")[2].replace("%20", " ")]
        await connection.recv()
        await connection.send(json.dumps(METADATA))
        pipe.send(await work(connection))

    async def main() -> None:
        async with serve(handle, "127.0.0.1", 0, compression=None) as server:
            pipe.send(next(iter(server.sockets)).getsockname()[1])
            await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    uvloop.run(main())


def limit(url: str) -> None:
    """Parse, decode, answer: no tools, no threads, no checks."""

    async def main() -> None:
        async with connect(url, compression=None, max_size=None) as socket:
            await socket.send("{}")
            async for frame in socket:
                message = json.loads(frame)
                match message["type"]:
                    case "client_tool_call":
                        call_id = message["client_tool_call"]["tool_call_id"]
                        answer = {"type": "client_tool_result", "tool_call_id": call_id}
                        await socket.send(json.dumps({**answer, "result": "rain", "is_error": False}))
                    case "audio":
                        pybase64.b64decode(message["audio_event"]["audio_base_64"], validate=True)
                    case "ping":
                        await socket.send(json.dumps({"type": "pong", "event_id": 1}))

    uvloop.run(main())


def weather(city: str, unit: str, days: int) -> str:
    """Tell the weather."""
    return f"rain in {city} for {days} days, {unit}"


async def weather_async(city: str, unit: str, days: int) -> str:
    """Tell the weather."""
    return weather(city, unit, days)


def ours(handler: Callable[..., Any]) -> Callable[[str], None]:
    """A session of the runtime with one tool and one handler that wants the agent's words."""

    def run(url: str) -> None:
        registry = ToolRegistry()
        registry.add(Tool("weather", handler))
        session = Session(
            lambda: open_websocket(url), tools=registry, handlers=[OwnedHandler("bench", Callbacks())]
        )
        session.start()
        session.ended.result(120)

    return run


ROWS: dict[str, list[tuple[str, Callable[[str], None]]]] = {
    "round trip": [("limit", limit), ("sync tool", ours(weather)), ("async tool", ours(weather_async))],
    "burst": [("limit", limit), ("sync tool", ours(weather)), ("async tool", ours(weather_async))],
    "audio in": [("limit", limit), ("ours", ours(weather))],
}


def main() -> None:
    """Measure, and print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ours_end, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve_work, args=(theirs,), daemon=True)
    server.start()
    port = ours_end.recv()
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for work, rows in ROWS.items():
            for name, client in rows:
                url = f"ws://127.0.0.1:{port}/?work={work.replace(' ', '%20')}"
                thread = threading.Thread(target=client, args=(url,))
                thread.start()
                times.setdefault((work, name), []).append(ours_end.recv())
                thread.join()
    ours_end.send(None)
    server.join()
    print(
        f"{'work':12} {'client':12} {'median':>12} {'times limit':>12}   spread of the ratio, {rounds} rounds"
    )
    for (work, name), taken in times.items():
        ratios = [one / base for one, base in zip(taken, times[work, "limit"], strict=True)]
        unit = 1e3 if work == "round trip" else 1
        shown = f"{statistics.median(taken) * unit:.3f} {'ms' if unit > 1 else 's'}"
        spread = f"{min(ratios):.2f} - {max(ratios):.2f}"
        print(f"{work:12} {name:12} {shown:>12} {statistics.median(ratios):>12.2f}   {spread}")


if __name__ == "__main__":
    main()
