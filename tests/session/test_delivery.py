"""Events reach a handler in order, alone and fenced; one that cannot keep up loses the least first."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agentframework.callbacks import Callbacks
from agentframework.loopthread import LoopThread, Mailbox
from agentframework.protocol.messages import (
    AgentResponseMessage,
    AudioMessage,
    ReceivedMessage,
    parse_server_frame,
)
from agentframework.session.delivery import Delivery
from agentframework.session.worlds import UserLoop
from agentframework.workers.threads import ThreadPool

PATIENCE = 10


def response(text: str) -> AgentResponseMessage:
    return AgentResponseMessage.model_validate(
        {"agent_response_event": {"agent_response": text, "event_id": 1}}
    )


def audio(number: int) -> AudioMessage:
    return AudioMessage.model_validate({"audio_event": {"audio_base_64": "", "event_id": number}})


def deliver(callbacks: Callbacks, *events: ReceivedMessage, user: UserLoop | None = None) -> Delivery:
    """Put the events, and wait until all are handled."""
    user = user or UserLoop()
    delivery = Delivery(callbacks, "the handler", ThreadPool(4, name="handlers"), user)
    for event in events:
        delivery.put(event)
    done = threading.Event()
    delivery.finish(done.set)
    assert done.wait(PATIENCE)
    user.release()
    return delivery


class Collecting(Callbacks):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_agent_response(self, message: AgentResponseMessage) -> None:
        self.seen.append(message.agent_response_event.agent_response)


class CollectingAsync(Collecting):
    async def on_agent_response(self, message: AgentResponseMessage) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.seen.append(message.agent_response_event.agent_response)


@pytest.mark.parametrize("kind", [Collecting, CollectingAsync])
def test_events_arrive_in_order(kind: type[Collecting]) -> None:
    callbacks = kind()
    deliver(callbacks, *(response(str(number)) for number in range(200)))
    assert callbacks.seen == [str(number) for number in range(200)]


def test_plain_methods_run_in_workers_and_coroutines_on_the_users_loop() -> None:
    seen: dict[str, str] = {}

    class Mixed(Callbacks):
        def on_agent_response(self, message: AgentResponseMessage) -> None:
            seen["plain"] = threading.current_thread().name

        async def on_audio(self, message: AudioMessage) -> None:
            seen["async"] = threading.current_thread().name

    deliver(Mixed(), response("x"), audio(1))
    assert seen["plain"].startswith("handlers-")
    assert seen["async"] == "agentframework-user"


def test_every_event_known_or_not_reaches_on_event_before_its_own_method() -> None:
    seen: list[str] = []

    class Both(Callbacks):
        def on_event(self, event: Any) -> None:
            seen.append(f"any {event.type}")

        def on_unknown_message(self, message: Any) -> None:
            seen.append(f"unknown {message.type}")

        def on_malformed_frame(self, frame: Any) -> None:
            seen.append(frame.problem)

    deliver(Both(), response("x"), parse_server_frame('{"type": "invented"}'), parse_server_frame("nonsense"))
    assert seen[:4] == ["any agent_response", "any invented", "unknown invented", "any malformed_frame"]
    assert "not JSON" in seen[4]


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(2), KeyboardInterrupt()])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_handler_that_raises_is_named_once_and_goes_on(
    error: BaseException, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    class Plain(Callbacks):
        def on_agent_response(self, message: AgentResponseMessage) -> None:
            calls.append(1)
            raise error

    class Async(Callbacks):
        async def on_agent_response(self, message: AgentResponseMessage) -> None:
            calls.append(1)
            raise error

    deliver(Async() if is_async else Plain(), *(response("x") for _ in range(3)))
    assert len(calls) == 3
    assert caplog.text.count(f"on_agent_response of the handler raised {type(error).__name__}") == 1


def test_a_coroutine_where_a_plain_function_was_expected_is_awaited() -> None:
    seen: list[str] = []

    async def later(text: str) -> None:
        seen.append(text)

    class Returning(Callbacks):
        def on_agent_response(self, message: AgentResponseMessage) -> Any:
            return later(message.agent_response_event.agent_response)

    deliver(Returning(), response("one"), response("two"))
    assert seen == ["one", "two"]


def test_a_coroutine_whose_loop_is_closed_meanwhile_holds_up_no_worker_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.new_event_loop()
    turn = threading.Thread(target=loop.run_forever)
    turn.start()
    begun = threading.Event()

    async def forever() -> None:
        begun.set()
        await asyncio.Event().wait()

    class Returning(Callbacks):
        def on_agent_response(self, message: AgentResponseMessage) -> Any:
            return forever()

    def close() -> None:
        assert begun.wait(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        turn.join(PATIENCE)
        for task in asyncio.all_tasks(loop):
            task.get_coro().close()
            task._log_destroy_pending = False  # type: ignore[attr-defined] # asyncio's word for "on purpose"
        loop.close()

    closing = threading.Thread(target=close)
    closing.start()
    deliver(Returning(), response("x"), user=UserLoop(Mailbox(loop)))
    closing.join(PATIENCE)
    assert "the loop that its coroutine ran on is closed" in caplog.text


def test_a_handler_whose_task_is_cancelled_loses_that_event_and_hears_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Some programs cancel all tasks before they end their conversation."""
    heard: list[str] = []

    class Waiting(Callbacks):
        async def on_agent_response(self, message: AgentResponseMessage) -> None:
            text = message.agent_response_event.agent_response
            if text == "first":
                await asyncio.Event().wait()
            heard.append(text)

    async def program() -> None:
        loop = asyncio.get_running_loop()
        delivery = Delivery(Waiting(), "the handler", ThreadPool(1, name="h"), UserLoop(Mailbox(loop)))
        delivery.put(response("first"))
        for _ in range(5):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        delivery.put(response("second"))
        done = asyncio.Event()
        delivery.finish(done.set)
        async with asyncio.timeout(PATIENCE):
            await done.wait()

    asyncio.run(program())
    assert heard == ["second"]
    assert "the handler was cancelled while it handled an event" in caplog.text


def test_one_that_is_behind_loses_audio_first_and_at_last_gets_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go, began = threading.Event(), threading.Event()
    heard: list[str] = []

    class Slow(Callbacks):
        def on_audio(self, message: AudioMessage) -> None:
            heard.append("audio")

        def on_agent_response(self, message: AgentResponseMessage) -> None:
            began.set()
            go.wait(PATIENCE)
            heard.append("text")

    delivery = Delivery(Slow(), "slow one", ThreadPool(1, name="handlers"), UserLoop())
    delivery.put(response("first"))
    assert began.wait(PATIENCE)
    for _ in range(1_000):
        delivery.put(response("text"))
    delivery.put(audio(1))
    assert delivery.dropped == 1
    assert "slow one is 1000 events behind and loses audio" in caplog.text
    for _ in range(9_000):
        delivery.put(response("text"))
    delivery.put(response("one too many"))
    assert "slow one is 10000 events behind and gets no more" in caplog.text
    assert delivery.dropped == 2
    done = threading.Event()
    delivery.finish(done.set)
    go.set()
    assert done.wait(PATIENCE)
    assert heard == ["text"] * 10_001


def test_events_that_nobody_wants_are_not_handed_over() -> None:
    pool = ThreadPool(1, name="handlers")
    delivery = Delivery(Collecting(), "h", pool, UserLoop())
    delivery.put(audio(1))
    assert pool.threads == 0


def test_a_closed_loop_of_the_user_mutes_its_handler_and_the_end_still_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = LoopThread("own")
    mailbox = own.acquire()
    own.join()
    callbacks = CollectingAsync()
    deliver(callbacks, response("x"), user=UserLoop(mailbox))
    assert callbacks.seen == []
    assert "is closed" in caplog.text


@pytest.mark.parametrize("is_async", [False, True])
def test_the_variables_of_the_caller_are_seen(is_async: bool) -> None:
    word: contextvars.ContextVar[str] = contextvars.ContextVar("word")
    word.set("inherited")
    seen: list[str] = []

    class Plain(Callbacks):
        def on_agent_response(self, message: AgentResponseMessage) -> None:
            seen.append(word.get())

    class Async(Callbacks):
        async def on_agent_response(self, message: AgentResponseMessage) -> None:
            seen.append(word.get())

    deliver(Async() if is_async else Plain(), response("x"))
    assert seen == ["inherited"]


def test_two_handlers_do_not_wait_for_each_other() -> None:
    go, done = threading.Event(), threading.Event()

    def handler(function: Callable[[], object]) -> Callbacks:
        class One(Callbacks):
            def on_agent_response(self, message: AgentResponseMessage) -> None:
                function()

        return One()

    pool, user = ThreadPool(2, name="handlers"), UserLoop()
    slow = Delivery(handler(lambda: go.wait(PATIENCE)), "slow", pool, user)
    quick = Delivery(handler(done.set), "quick", pool, user)
    for delivery in (slow, quick):
        delivery.put(response("x"))
    assert done.wait(PATIENCE)
    go.set()


def test_a_handler_that_awaits_something_cancelled_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    class Careless(Callbacks):
        async def on_agent_response(self, message: AgentResponseMessage) -> None:
            heard.append(message.agent_response_event.agent_response)
            raise asyncio.CancelledError

    deliver(Careless(), response("one"), response("two"))
    assert heard == ["one", "two"]
    assert "raised CancelledError" in caplog.text


def test_handlers_that_hang_do_not_silence_the_handlers_of_others() -> None:
    """As many hang as the pool has threads; the next is heard all the same."""
    go, heard = threading.Event(), threading.Event()

    class Hung(Callbacks):
        def on_agent_response(self, message: AgentResponseMessage) -> None:
            go.wait(PATIENCE)

    class Quick(Callbacks):
        def on_agent_response(self, message: AgentResponseMessage) -> None:
            heard.set()

    pool, user = ThreadPool(2, name="handlers", patience=0.1), UserLoop()
    for _ in range(2):
        Delivery(Hung(), "hung", pool, user).put(response("x"))
    Delivery(Quick(), "quick", pool, user).put(response("x"))
    assert heard.wait(PATIENCE / 2)
    assert pool.zombies == 2
    go.set()
