"""The limit: the least that a client on websockets and uvloop can do. Parse, decode, answer, and nothing else."""

from __future__ import annotations

import asyncio
import json

import pybase64
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.clients.desk import Microphones, Orders, begin, forecast

_AT_ONCE = 50


async def converse(socket: ClientConnection) -> None:
    """Answer what comes until the other side closes."""
    async for frame in socket:
        message = json.loads(frame)
        match message["type"]:
            case "client_tool_call":
                call = message["client_tool_call"]
                answer = {"type": "client_tool_result", "tool_call_id": call["tool_call_id"]}
                result = forecast(**call["parameters"])
                await socket.send(json.dumps({**answer, "result": result, "is_error": False}))
            case "audio":
                pybase64.b64decode(message["audio_event"]["audio_base_64"], validate=True)
            case "ping":
                event_id = message["ping_event"]["event_id"]
                await socket.send(json.dumps({"type": "pong", "event_id": event_id}))


def speak(socket: ClientConnection, microphones: Microphones) -> None:
    """Give the conversation a microphone."""

    async def send(block: bytes) -> None:
        try:
            await socket.send(json.dumps({"user_audio_chunk": pybase64.b64encode_as_string(block)}))
        except ConnectionClosed:
            return

    microphones.add_async(send)


async def main(orders: Orders) -> None:
    microphones = Microphones()
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one() -> None:
        async with gate:
            socket = await connect(orders.socket_url, compression=None, max_size=None, proxy=None)
            await socket.send(json.dumps({"type": "conversation_initiation_client_data"}))
        if orders.has_microphone:
            speak(socket, microphones)
        await converse(socket)

    await asyncio.gather(*(one() for _ in range(orders.sessions)))


if __name__ == "__main__":
    uvloop.run(main(begin()))
