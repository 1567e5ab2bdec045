"""The limit on `picows`, a WebSocket in C: how much of the limit is the WebSocket, and does the server keep up?"""

from __future__ import annotations

import asyncio
import json
from typing import Any

# what is not in our environment cannot be checked in it
import picows  # type: ignore[import-not-found]
import pybase64
import uvloop

from benchmarks.clients.desk import Microphones, Orders, begin, forecast


class Socket(picows.WSListener):  # type: ignore[misc]
    """Answers what comes."""

    def on_ws_connected(self, transport: Any) -> None:
        self._transport = transport
        self.send({"type": "conversation_initiation_client_data"})

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type is picows.WSMsgType.CLOSE:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()
            return
        message = json.loads(frame.get_payload_as_bytes())
        match message["type"]:
            case "client_tool_call":
                call = message["client_tool_call"]
                answer = {"type": "client_tool_result", "tool_call_id": call["tool_call_id"]}
                self.send({**answer, "result": forecast(**call["parameters"]), "is_error": False})
            case "audio":
                pybase64.b64decode(message["audio_event"]["audio_base_64"], validate=True)
            case "ping":
                self.send({"type": "pong", "event_id": message["ping_event"]["event_id"]})

    def send(self, message: object) -> None:
        """Send a message as JSON."""
        self._transport.send(picows.WSMsgType.TEXT, json.dumps(message).encode())

    async def speak(self, block: bytes) -> None:
        """Send a block of the microphone."""
        if not self._transport.is_disconnected:
            self.send({"user_audio_chunk": pybase64.b64encode_as_string(block)})


async def main(orders: Orders) -> None:
    microphones = Microphones()
    transports = []
    for _ in range(orders.sessions):
        transport, socket = await picows.ws_connect(Socket, orders.socket_url)
        transports.append(transport)
        if orders.has_microphone:
            microphones.add_async(socket.speak)
    await asyncio.gather(*(transport.wait_disconnected() for transport in transports))


if __name__ == "__main__":
    uvloop.run(main(begin()))
