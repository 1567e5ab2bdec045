"""What the tools of a program and of its plugins have open belongs to the conversation, whichever door it has."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest

from agent_stub import Peer, agent
from agentframework import ClientTools, LifespanContext, Resource, ToolContext, tool
from doors import Door, base_of
from throwaway import importable, install


class Line:
    """Belongs to the loop that it was opened on."""

    def __init__(self, context: LifespanContext) -> None:
        self.context = context
        self.loop = asyncio.get_running_loop()
        self.is_open = True


LINES: list[Line] = []


@asynccontextmanager
async def open_line(context: LifespanContext) -> AsyncIterator[Line]:
    line = Line(context)
    LINES.append(line)
    yield line
    assert asyncio.get_running_loop() is line.loop
    line.is_open = False


@tool
async def on_its_loop(line: Annotated[Line, Resource(open_line)], context: ToolContext) -> bool:
    """Whether the line is open, and this conversation's."""
    same_session = line.context.session_id == context.session_id
    return line.is_open and same_session and line.loop is asyncio.get_running_loop()


async def call_twice(peer: Peer) -> list[str]:
    await peer.open()
    results = []
    for number in range(2):
        await peer.call("on_its_loop", f"call-{number}")
        results.append((await peer.receive())["result"])
    return results


@pytest.fixture(autouse=True)
def no_lines() -> None:
    """Each test counts its own."""
    LINES.clear()


def test_a_programs_own_tools_have_what_they_need_on_the_conversations_loop(door: Door) -> None:
    tools = ClientTools()
    tools.register(on_its_loop)
    with agent(call_twice) as served:
        for conversations in (1, 2):
            door.make(served.url, client_tools=tools)
            door.start()
            assert served.wait(conversations) == ["true", "true"]
            door.end()
            door.wait()
            assert [line.is_open for line in LINES] == [False] * conversations
    assert {line.context.owner for line in LINES} == {"the program"}
    assert LINES[0].context.session_id != LINES[1].context.session_id
    if door.is_async:
        assert {line.loop for line in LINES} == {door.loop}


PLUGIN = """
from contextlib import contextmanager
from typing import Annotated
from agentframework import LifespanContext, Resource, ToolContext, hookimpl
from pydantic import BaseModel, SecretStr

class Settings(BaseModel):
    key: SecretStr = SecretStr("none")

CLOSED = []

@contextmanager
def open_account(context: LifespanContext):
    yield context.settings.key.get_secret_value()
    CLOSED.append(context.owner)

def balance(account: Annotated[str, Resource(open_account)], context: ToolContext) -> str:
    "What is there."
    assert context.settings.key.get_secret_value() == account
    return f"{account} {context.settings}"

@hookimpl
def register_tools(register):
    register(balance)
    register.settings(Settings)
"""


def test_a_plugins_lifespan_has_its_settings(door: Door, tmp_path: Path) -> None:
    async def scenario(peer: Peer) -> str:
        await peer.open()
        await peer.call("balance", "call")
        result: str = (await peer.receive())["result"]
        return result

    install(
        tmp_path,
        "bank-dist",
        modules={f"throwaway_bank_{door.kind}": PLUGIN},
        plugins={"bank": f"throwaway_bank_{door.kind}"},
    )
    with importable(tmp_path), agent(scenario) as served:
        door.make(served.url, plugins={"bank": {"key": "4711"}})
        door.start()
        assert served.wait() == "4711 key=SecretStr('**********')"
        door.end()
        door.wait()
        assert sys.modules[f"throwaway_bank_{door.kind}"].CLOSED == ["bank"]


def test_a_tool_that_is_tried_by_hand_says_what_is_not_open() -> None:
    tools = ClientTools()
    tools.register(on_its_loop)
    with pytest.raises(LookupError, match="open_line is not open: on_its_loop was not called by a session"):
        asyncio.run(tools.handle("on_its_loop", {}))


FORGETFUL = """
import sys
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated
from agentframework import Client, ClientTools, Conversation, Resource, tool

@asynccontextmanager
async def on_the_loop():
    yield "one"
    print("one is closed", flush=True)

@contextmanager
def on_a_thread():
    yield "two"
    print("two is closed", flush=True)

used = threading.Event()

@tool
def use(
    one: Annotated[str, Resource(on_the_loop, scope=SCOPE)],
    two: Annotated[str, Resource(on_a_thread, scope=SCOPE)],
) -> str:
    print(one, two, flush=True)
    used.set()
    return "used"

tools = ClientTools()
tools.register(use)
conversation = Conversation(Client(base_url=sys.argv[1]), "a", requires_auth=False, client_tools=tools)
conversation.start_session()
used.wait(10)
"""


@pytest.mark.parametrize("scope", ["session", "process"])
def test_a_program_that_forgets_its_conversation_leaves_nothing_open(scope: str) -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("use", "call")
        return await peer.until_closed()

    with agent(scenario) as served:
        code = FORGETFUL.replace("SCOPE", repr(scope))
        command = [sys.executable, "-c", code, base_of(served.url)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=25, check=False)
    assert (ran.stdout, ran.stderr) == ("one two\ntwo is closed\none is closed\n", "")


LEFT_RUNNING = """
import asyncio
import sys
from contextlib import asynccontextmanager
from typing import Annotated
from agentframework import AsyncConversation, Client, ClientTools, Resource, tool

@asynccontextmanager
async def open_line():
    try:
        yield "open"
    finally:
        print("closed", flush=True)

async def main():
    used = asyncio.Event()

    @tool
    async def use(line: Annotated[str, Resource(open_line)]) -> str:
        print(line, flush=True)
        used.set()
        return "used"

    tools = ClientTools()
    tools.register(use)
    conversation = AsyncConversation(Client(base_url=sys.argv[1]), "a", requires_auth=False, client_tools=tools)
    await conversation.start_session()
    await used.wait()

asyncio.run(main())
"""


def test_a_loop_that_ends_before_its_conversation_closes_what_is_open_on_it() -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("use", "call")
        return await peer.until_closed()

    with agent(scenario) as served:
        command = [sys.executable, "-c", LEFT_RUNNING, base_of(served.url)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=25, check=False)
    assert ran.stdout == "open\nclosed\n"
    assert "Task was destroyed" not in ran.stderr
