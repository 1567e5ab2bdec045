"""A dialogue needs a transport, not a socket: here it is in memory, with our client's protocol at the far end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agentframework.localagent.dialogue import Dialogue
from agentframework.localagent.events import AgentEvent, AgentEventKind
from agentframework.localagent.options import AgentOptions
from agentframework.localagent.script import Script, parse_script
from agentframework.protocol.client import ClientProtocol, Verdict
from agentframework.protocol.ledger import Outcome
from agentframework.protocol.messages import AgentResponseMessage, ClientToolCallMessage, UserMessage
from agentframework.transports.base import TransportClosedError
from agentframework.transports.memory import MemoryTransport, memory_pair

PATIENCE = 10.0


class Caller:
    """Our client's protocol on the far end of the memory."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport
        self.protocol = ClientProtocol()
        self.said: list[str] = []
        self.verdicts: list[Verdict] = []

    async def flush(self) -> None:
        while (frame := self.protocol.next_frame()) is not None:
            await self.transport.send(frame)

    async def until_closed(self, *, answer: str = "") -> TransportClosedError:
        """Answer calls and pings until the agent closes."""
        try:
            while True:
                await self.flush()
                received = self.protocol.receive_frame(await self.transport.receive())
                self.verdicts.append(received.verdict)
                match received.message:
                    case ClientToolCallMessage(client_tool_call=call):
                        self.protocol.answer(call.tool_call_id, Outcome.OK, answer, is_error=False)
                    case AgentResponseMessage(agent_response_event=event):
                        self.said.append(event.agent_response)
        except TransportClosedError as closed:
            return closed


def held(
    play: Callable[[Caller], Awaitable[None]], *, script: Script | None = None, **options: Any
) -> list[AgentEvent]:
    """The events of one conversation in memory."""
    events: list[AgentEvent] = []

    async def main() -> None:
        near, far = memory_pair()
        agent_options = AgentOptions(**{"ping_interval": None, **options})
        agent_options = agent_options if script is None else script.options(agent_options)
        dialogue = Dialogue(near, agent_options, events.append, conversation_id="conv_1", script=script)
        async with asyncio.timeout(PATIENCE):
            conversation = asyncio.create_task(dialogue.run())
            await play(Caller(far))
            await conversation

    asyncio.run(main())
    return events


def test_a_whole_conversation() -> None:
    script = parse_script(
        """
        text_only = true
        [[step]]
        expect = "user_message"
        [[step]]
        call = "get_weather"
        [[step]]
        expect_result = true
        [[step]]
        ping = true
        [[step]]
        expect = "pong"
        [[step]]
        say = "It is {result}."
        """
    )

    async def play(caller: Caller) -> None:
        caller.protocol.send(UserMessage(text="Hi"))
        closed = await caller.until_closed(answer="sunny")
        assert caller.said == ["It is sunny."]
        assert caller.verdicts[0] is Verdict.STARTED
        assert caller.verdicts.count(Verdict.CALL) == 1
        assert (closed.code, closed.reason) == (1000, "end of script")

    events = held(play, script=script, strict=True)
    assert [event.kind for event in events] == [
        AgentEventKind.CONNECTED,
        AgentEventKind.SCRIPT_DONE,
        AgentEventKind.CLOSED,
    ]


def test_pings_are_sent_and_their_pongs_are_expected() -> None:
    async def play(caller: Caller) -> None:
        closed = await caller.until_closed()
        assert (closed.code, closed.reason) == (1002, "no user input for 0.2 s")
        assert len(caller.verdicts) > 3

    events = held(play, text_only=True, ping_interval=0.01, pong_timeout=PATIENCE, idle_timeout=0.2)
    assert AgentEventKind.REMARK not in [event.kind for event in events]


class NarrowTransport(MemoryTransport):
    """Takes a frame only while its gate is open."""

    def __init__(self, incoming: asyncio.Queue[str | bytes | TransportClosedError]) -> None:
        super().__init__(incoming)
        self.gate = asyncio.Event()

    async def send(self, frame: str | bytes) -> None:
        await self.gate.wait()
        await super().send(frame)


def test_a_client_that_does_not_read_is_not_read_any_further() -> None:
    """Of its questions most stay where they are until it reads; then all of them are answered."""
    count = 500

    async def main() -> None:
        questions: asyncio.Queue[str | bytes | TransportClosedError] = asyncio.Queue()
        near, far = NarrowTransport(questions), MemoryTransport(asyncio.Queue())
        near._peer, far._peer = far, near
        options = AgentOptions(text_only=True, ping_interval=None)
        events: list[AgentEvent] = []
        dialogue = Dialogue(near, options, events.append, conversation_id="conv_1")
        caller = Caller(far)
        await caller.flush()
        for _ in range(count):
            caller.protocol.send(UserMessage(text="/help"))
        caller.protocol.send(UserMessage(text="bye"))
        await caller.flush()
        conversation = asyncio.create_task(dialogue.run())
        for _ in range(5 * count):
            await asyncio.sleep(0)
        assert questions.qsize() > 0.9 * count
        near.gate.set()
        async with asyncio.timeout(PATIENCE):
            await caller.until_closed()
            await conversation
        assert len(caller.said) == count + 2

    asyncio.run(main())


def test_a_client_that_is_gone_at_once_is_reported() -> None:
    async def play(caller: Caller) -> None:
        await caller.transport.close(1000, "wrong number")

    events = held(play)
    assert [event.text for event in events][1:] == ["closed by the client with 1000 wrong number"]


def test_microphone_audio_alone_begins_nothing() -> None:
    async def play(caller: Caller) -> None:
        await caller.transport.send('{"user_audio_chunk": "AAA="}')
        await caller.transport.send('{"type": "user_activity"}')
        received = caller.protocol.receive_frame(await caller.transport.receive())
        assert received.verdict is Verdict.STARTED
        await caller.transport.close()

    remarks = [event.text for event in held(play) if event.kind is AgentEventKind.REMARK]
    assert remarks == [
        "user_audio_chunk: before the metadata was sent",
        "user_activity: before conversation_initiation_client_data",
    ]
