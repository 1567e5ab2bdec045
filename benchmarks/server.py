"""The agent's side of every measurement, in a process of its own on `picows`, so that the client is what is timed.

    python -m benchmarks.server

Prints its port, then a JSON line when a piece of work has begun, when all is sent, and when it is done; "close" on
standard input ends the connections of that work, and the end of input ends the process. A client names its work by
its agent id, such as `round_trip.1000`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import urllib.parse
from typing import Any, Protocol

# what is not in our environment cannot be checked in it
import picows  # type: ignore[import-not-found]
import uvloop

from benchmarks import frames
from benchmarks.sessions import Sessions
from benchmarks.single import AudioIn, Burst, Pongs, RoundTrips

__all__ = ["Peer", "Work"]

_OPEN_FILES = 16_384


class Work(Protocol):
    """One piece of work, from the first client that joins to the report."""

    def join(self, peer: Peer) -> None:
        """A client has opened a conversation for this work."""

    def hear(self, peer: Peer, frame: memoryview) -> None:
        """A client has sent a frame."""

    def flow(self, peer: Peer) -> None:
        """The client reads again, after it had fallen behind."""


_WORKS: dict[str, Any] = {
    "round_trip": RoundTrips,
    "burst": Burst,
    "audio_in": AudioIn,
    "pongs": Pongs,
    "sessions": Sessions,
}


class Peer(picows.WSListener):  # type: ignore[misc]
    """One client's connection. The first frame opens the conversation, what follows belongs to the work."""

    def __init__(self, desk: Desk, path: str) -> None:
        self.is_paused = False
        self.number = 0
        self._desk = desk
        self._path = path
        self._work: Work | None = None
        self._transport: Any = None

    def send(self, frame: bytes) -> None:
        """Send a text frame; what does not go at once waits here."""
        self._transport.send(picows.WSMsgType.TEXT, frame)

    def close(self) -> None:
        """Close the conversation as an agent does."""
        if not self._transport.is_disconnected:
            self._transport.send_close(picows.WSCloseCode.OK)

    def on_ws_connected(self, transport: Any) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type is picows.WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type is not picows.WSMsgType.TEXT:
            return
        elif self._work is None:
            self.send(frames.METADATA)
            self._work = self._desk.work(self._path)
            self._work.join(self)
        else:
            self._work.hear(self, frame.get_payload_as_memoryview())

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        if self._work is not None:
            self._work.flow(self)


class Desk:
    """Knows the work that is going on: there is one at a time."""

    def __init__(self) -> None:
        self._work: Work | None = None
        self._peers: list[Peer] = []

    def listener(self, request: Any) -> Peer:
        peer = Peer(self, request.path.decode())
        peer.number = len(self._peers)
        self._peers.append(peer)
        return peer

    def work(self, path: str) -> Work:
        if self._work is None:
            (agent,) = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["agent_id"]
            name, *numbers = agent.split(".")
            self._work = _WORKS[name](tell, *map(int, numbers))
        assert self._work is not None
        return self._work

    def close(self) -> None:
        """The work is over, also where it never came to its end."""
        peers, self._peers, self._work = self._peers, [], None
        for peer in peers:
            peer.close()


def tell(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


async def main() -> None:
    desk = Desk()
    server = await picows.ws_create_server(
        desk.listener, "127.0.0.1", 0, websocket_handshake_timeout=60, backlog=4096
    )
    tell("listening", port=server.sockets[0].getsockname()[1])
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        desk.close()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    uvloop.run(main())
