"""The in-memory pair behaves as a connection does."""

from __future__ import annotations

import asyncio

import pytest

from agentframework.transports.base import TransportClosedError
from agentframework.transports.memory import memory_pair


def test_frames_arrive_in_order_and_what_came_before_the_close_is_still_read() -> None:
    async def scenario() -> None:
        ours, theirs = memory_pair()
        await theirs.send("one")
        await theirs.send("two")
        await theirs.close(1008, "enough")
        assert [await ours.receive(), await ours.receive()] == ["one", "two"]
        for _ in range(2):
            with pytest.raises(TransportClosedError) as closed:
                await ours.receive()
            assert (closed.value.code, closed.value.reason) == (1008, "enough")
        with pytest.raises(TransportClosedError):
            await ours.send("late")

    asyncio.run(scenario())


def test_closing_twice_is_closing_once() -> None:
    async def scenario() -> None:
        ours, theirs = memory_pair()
        await ours.close()
        await ours.close(1011)
        with pytest.raises(TransportClosedError) as closed:
            await theirs.receive()
        assert closed.value.code == 1000

    asyncio.run(scenario())
