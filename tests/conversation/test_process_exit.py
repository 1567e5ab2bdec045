"""A program that is over while its conversation runs: the agent gets a goodbye, and the end callbacks are called."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agent_stub import Peer, agent
from doors import base_of

SYNC = """
import sys
from agentframework import Client, Conversation
conversation = Conversation(
    Client(base_url=sys.argv[1]), "a", requires_auth=False,
    callback_disconnect=lambda details: print(details.reason, flush=True),
)
conversation.start_session()
"""
ASYNC = """
import asyncio, sys
from agentframework import AsyncConversation, Client

async def main():
    async def disconnect(details):
        print(details.reason, flush=True)
    conversation = AsyncConversation(
        Client(base_url=sys.argv[1]), "a", requires_auth=False, callback_disconnect=disconnect
    )
    await conversation.start_session()
    await conversation.end_session()
    await conversation.wait_for_session_end()

asyncio.run(main())
"""
PROGRAMS = {
    "that ends it and does not wait": (SYNC + "conversation.end_session()", "user\n"),
    "that forgets it": (SYNC, "user\n"),
    "that fails": (SYNC + "raise SystemExit(3)", "user\n"),
    "that never started it": (SYNC.replace("conversation.start_session()", ""), ""),
    "that awaits its end": (ASYNC, "user\n"),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program(program: str) -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        return await peer.until_closed()

    code, printed = PROGRAMS[program]
    with agent(scenario) as served:
        command = [sys.executable, "-c", code, base_of(served.url)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=25, check=False)
        assert (ran.stdout, ran.stderr) == (printed, "")
        if printed:
            assert served.wait() == []
            assert served.close_code == 1000
