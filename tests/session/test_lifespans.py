"""What tools need is opened for the first call, shared by those that follow, and closed where it was opened."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self

import anyio
import pytest

from agent_stub import (
    PATIENCE,
    Peer,
    agent,
    converse,
    eventually,
    finish,
    make_session,
    start,
    still_there,
    until,
)
from agentframework.errors import ToolError
from agentframework.loopthread import LoopThread
from agentframework.session import worlds
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.settings import SessionSettings
from agentframework.tools.resource import LifespanContext, Resource
from agentframework.tools.tool import Tool

QUICK = SessionSettings(tool_timeout=0.3)
NUMBERS = itertools.count()


def place() -> tuple[str, object]:
    """The thread that runs this, and the task where there is one."""
    try:
        return threading.current_thread().name, asyncio.current_task()
    except RuntimeError:
        return threading.current_thread().name, None


@dataclass
class Diary:
    """A resource whose lifespans write down where and when they are entered and left."""

    opened: list[tuple[str, object]] = field(default_factory=list)
    closed: list[tuple[str, object]] = field(default_factory=list)
    contexts: list[LifespanContext] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def lifespan(self, context: LifespanContext) -> AsyncIterator[Diary]:
        self.contexts.append(context)
        self.opened.append(place())
        try:
            yield self
        finally:
            self.closed.append(place())

    @contextmanager
    def plain_lifespan(self) -> Iterator[Diary]:
        self.opened.append(place())
        try:
            yield self
        finally:
            self.closed.append(place())

    def named(self, name: str, at_exit: Callable[[], Awaitable[object]] | None = None) -> Resource[str]:
        """A resource that writes its name when it is opened, and again when it is closed."""

        @asynccontextmanager
        async def lifespan() -> AsyncIterator[str]:
            self.order.append(f"+{name}")
            yield name
            self.order.append(f"-{name}")
            if at_exit is not None:
                await at_exit()

        lifespan.__name__ = name
        lifespan.__wrapped__.__name__ = name  # type: ignore[attr-defined]
        return Resource(lifespan)


def needing(name: str, resource: Resource[Any], *, is_async: bool = True, **options: Any) -> Tool[..., Any]:
    """A tool that needs this resource, and says where it ran and what it received."""

    def plain(what: Annotated[Any, resource]) -> str:
        return f"{place()[0].rsplit('-', 1)[0]} {type(what).__name__}"

    async def coroutine(what: Annotated[Any, resource]) -> str:
        return f"{place()[0].rsplit('-', 1)[0]} {type(what).__name__}"

    return Tool(name, coroutine if is_async else plain, **options)


async def answers(peer: Peer, *names: str) -> list[str]:
    """Call these tools at once; their results in the same order."""
    ids = [f"call-{next(NUMBERS)}" for _ in names]
    for call_id, name in zip(ids, names, strict=True):
        await peer.call(name, call_id)
    by_id = {}
    for _ in names:
        answer = await peer.receive()
        by_id[answer["tool_call_id"]] = answer["result"]
    return [by_id[call_id] for call_id in ids]


class TestOpening:
    """When and where a resource is opened, and who receives it."""

    def test_it_is_opened_once_for_all_calls_on_the_users_loop_and_closed_there_in_the_same_task(
        self,
    ) -> None:
        diary = Diary()
        resource = Resource(diary.lifespan)
        tools = [needing("plain", resource, is_async=False), needing("coroutine", resource)]

        async def scenario(peer: Peer) -> list[str]:
            assert diary.opened == []  # nobody has needed it
            return await answers(peer, *["plain", "coroutine"] * 50)

        results = converse(scenario, *tools)
        assert results == ["agentframework-tool Diary", "agentframework Diary"] * 50
        (opened,) = diary.opened
        assert opened[0] == "agentframework-user"
        assert diary.closed == [opened]

    def test_a_plain_lifespan_is_entered_and_left_on_one_thread_of_its_own(self) -> None:
        diary = Diary()
        resource = Resource(diary.plain_lifespan)
        tools = [needing("plain", resource, is_async=False), needing("coroutine", resource)]
        results = converse(lambda peer: answers(peer, "plain", "coroutine", "plain"), *tools)
        assert [result.split()[1] for result in results] == ["Diary"] * 3
        assert diary.opened == diary.closed == [("agentframework-resource-plain_lifespan", None)]

    def test_what_nobody_calls_for_is_never_opened(self) -> None:
        diary = Diary()
        other = Tool("other", lambda: "done")
        assert converse(lambda peer: answers(peer, "other"), needing("find", Resource(diary.lifespan)), other)
        assert diary.opened == []

    def test_it_is_told_for_whom_it_opens(self) -> None:
        diary = Diary()
        session_ids: list[str] = []

        def find(what: Annotated[Diary, Resource(diary.lifespan)]) -> None:
            session_ids.append(what.contexts[0].session_id)

        converse(lambda peer: answers(peer, "find"), Tool("find", find).with_settings("the table"))
        (context,) = diary.contexts
        assert (context.owner, context.settings) == ("the test", "the table")
        assert session_ids == [context.session_id]
        assert context.session_id

    def test_each_owner_has_one_of_its_own(self) -> None:
        diary = Diary()
        mine = needing("mine", Resource(diary.lifespan)).with_owner("me")
        yours = needing("yours", Resource(diary.lifespan)).with_owner("you")

        async def scenario(peer: Peer) -> None:
            await peer.open()
            await answers(peer, "mine", "yours")

        with agent(scenario) as served:
            session = make_session(served.url)
            for tool in (mine, yours):
                session._tools.add(tool)
            start(session)
            served.wait()
            finish(session)
        assert sorted(context.owner for context in diary.contexts) == ["me", "you"]

    def test_it_sees_the_variables_of_whoever_started_the_conversation(self) -> None:
        word: contextvars.ContextVar[str] = contextvars.ContextVar("word")
        word.set("inherited")

        @asynccontextmanager
        async def on_the_loop() -> AsyncIterator[str]:
            yield word.get()

        @contextmanager
        def on_a_thread() -> Iterator[str]:
            yield word.get()

        def say(
            one: Annotated[str, Resource(on_the_loop)], two: Annotated[str, Resource(on_a_thread)]
        ) -> str:
            return f"{one} {two}"

        assert converse(lambda peer: answers(peer, "say"), Tool("say", say)) == ["inherited inherited"]

    def test_sessions_that_open_at_the_same_moment_do_not_mix_their_variables(self) -> None:
        word: contextvars.ContextVar[str] = contextvars.ContextVar("word", default="nobody's")
        began, go = threading.Event(), threading.Event()

        @asynccontextmanager
        async def listen() -> AsyncIterator[str]:
            yield word.get()

        async def hold_the_loop() -> str:
            began.set()
            go.wait(PATIENCE)
            return "held"

        def say(heard: Annotated[str, Resource(listen)]) -> str:
            return heard

        def start_as(name: str, caller: Caller) -> None:
            word.set(name)
            caller.__enter__()

        holder, ann, ben = (
            Caller(Tool("hold", hold_the_loop)),
            Caller(Tool("say", say)),
            Caller(Tool("say", say)),
        )
        for name, caller in (("Hal", holder), ("Ann", ann), ("Ben", ben)):
            contextvars.copy_context().run(start_as, name, caller)
        holder.ask("hold")
        assert began.wait(PATIENCE)
        ann.ask("say")
        ben.ask("say")
        mailbox = worlds._USER._mailbox
        assert mailbox is not None
        assert eventually(lambda: len(mailbox._waiting) == 2)  # one burst brings both to the loop
        go.set()
        assert (ann.hear(), ben.hear(), holder.hear()) == ("Ann", "Ben", "held")
        for caller in (holder, ann, ben):
            caller.__exit__()

    def test_a_task_group_of_anyio_may_be_kept_open(self) -> None:
        @asynccontextmanager
        async def workers() -> AsyncIterator[anyio.abc.TaskGroup]:
            async with anyio.create_task_group() as group:
                yield group
                group.cancel_scope.cancel()

        async def work(group: Annotated[anyio.abc.TaskGroup, Resource(workers)]) -> str:
            done = anyio.Event()
            group.start_soon(anyio.sleep_forever)

            async def finish_soon() -> None:
                done.set()

            group.start_soon(finish_soon)
            await done.wait()
            return "done"

        assert converse(lambda peer: answers(peer, "work", "work"), Tool("work", work)) == ["done", "done"]

    def test_a_tool_that_waits_for_silence_has_what_it_needs_after_it(self) -> None:
        diary = Diary()
        tool = needing("hang_up", Resource(diary.lifespan), settle=0.01)
        assert converse(lambda peer: answers(peer, "hang_up"), tool) == ["agentframework Diary"]

    def test_it_is_kept_while_the_connection_is_made_anew(self) -> None:
        diary = Diary()
        connections: list[int] = []

        async def scenario(peer: Peer) -> None:
            connections.append(1)
            await peer.open(f"conv_{len(connections)}")
            assert await answers(peer, "find") == ["agentframework Diary"]
            assert diary.closed == []
            if len(connections) == 1:
                peer.connection.transport.abort()

        settings = SessionSettings(reconnect=ReconnectPolicy(attempts=3, first_delay=0.01, max_delay=0.02))
        with agent(scenario) as served:
            session = make_session(served.url, needing("find", Resource(diary.lifespan)), settings=settings)
            start(session)
            served.wait(2)
            finish(session)
        assert len(diary.opened) == len(diary.closed) == 1


class TestFailing:
    """What is not there is told, logged, tried again, and takes nothing else down."""

    @pytest.mark.parametrize("is_plain", [False, True], ids=["async", "plain"])
    def test_one_that_cannot_be_opened_is_a_neutral_error_and_the_next_call_tries_again(
        self, is_plain: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        tries: list[int] = []

        @asynccontextmanager
        async def open_database() -> AsyncIterator[str]:
            tries.append(1)
            if len(tries) == 1:
                raise ConnectionError("postgres://user:s3cret@db is not there")
            yield "database"

        @contextmanager
        def plain_open_database() -> Iterator[str]:
            tries.append(1)
            if len(tries) == 1:
                raise ConnectionError("postgres://user:s3cret@db is not there")
            yield "database"

        resource: Resource[str] = Resource(plain_open_database if is_plain else open_database)

        async def scenario(peer: Peer) -> tuple[list[str], list[str]]:
            return await answers(peer, "find"), await answers(peer, "find")

        with caplog.at_level(logging.ERROR):
            first, second = converse(scenario, needing("find", resource))
        (record,) = caplog.records
        assert f"{resource.name} of the test could not be opened (id " in record.message
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], ConnectionError)
        error_id = record.message.split("(id ")[1].rstrip(")")
        assert first == [
            f"find failed because of an internal error (id {error_id}). It did not give a result."
        ]
        assert second == ["agentframework str"]
        assert len(tries) == 2

    def test_a_tool_error_of_a_lifespan_is_told_word_for_word(self) -> None:
        is_connected = False

        @asynccontextmanager
        async def open_calendar() -> AsyncIterator[str]:
            if not is_connected:
                raise ToolError("The calendar is not connected. Ask the user to log in.")
            yield ""

        result = converse(lambda peer: answers(peer, "find"), needing("find", Resource(open_calendar)))
        assert result == ["The calendar is not connected. Ask the user to log in."]

    def test_a_slow_one_costs_a_call_its_own_deadline_and_is_there_for_the_next(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        diary = Diary()
        ready = LoopEvent()

        @asynccontextmanager
        async def open_slowly(context: LifespanContext) -> AsyncIterator[Diary]:
            async with diary.lifespan(context):
                await ready.wait()
                yield diary

        tools = [needing("find", Resource(open_slowly)), Tool("other", lambda: "done")]

        async def scenario(peer: Peer) -> list[str]:
            timed_out = await answers(peer, "find", "find", "other")
            await still_there(peer, 1)
            ready.set()
            return timed_out + await answers(peer, "find")

        first, second, other, late = converse(scenario, *tools, settings=QUICK)
        assert first.startswith("find did not finish within 0.3 seconds")
        assert second.startswith("find did not finish within 0.3 seconds")
        assert (other, late) == ("done", "agentframework Diary")
        assert len(diary.opened) == len(diary.closed) == 1
        assert "tool find: open_slowly of the test is still not open" in caplog.text

    @pytest.mark.parametrize("is_plain", [False, True], ids=["async", "plain"])
    def test_one_that_hangs_is_given_up_and_tried_again(
        self, is_plain: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        tries: list[int] = []
        cancelled = threading.Event()
        go = threading.Event()

        @asynccontextmanager
        async def hang_once() -> AsyncIterator[str]:
            tries.append(1)
            if len(tries) == 1:
                try:
                    await asyncio.sleep(60)
                finally:
                    cancelled.set()
            yield "open"

        @contextmanager
        def hang_once_on_a_thread() -> Iterator[str]:
            tries.append(1)
            if len(tries) == 1:
                assert go.wait(PATIENCE)
            yield "open"
            if go.is_set():
                cancelled.set()

        resource: Resource[str] = Resource(hang_once_on_a_thread if is_plain else hang_once, timeout=0.05)

        async def scenario(peer: Peer) -> list[str]:
            return await answers(peer, "find") + await answers(peer, "find")

        first, second = converse(scenario, needing("find", resource))
        assert "internal error" in first
        assert second == "agentframework str"
        assert "it did not open within 0.05 s" in caplog.text
        go.set()
        assert cancelled.wait(PATIENCE)  # the one that came back after all is left again

    def test_one_that_is_no_context_manager_is_said_to_be_none(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def open_nothing() -> Any:
            return "a text"

        (result,) = converse(lambda peer: answers(peer, "find"), needing("find", Resource(open_nothing)))
        assert "internal error" in result
        assert "open_nothing of the test could not be opened" in caplog.text
        assert "asynchronous context manager" in caplog.text

    def test_one_that_ends_the_process_ends_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        tool_calls = ["find"]

        @asynccontextmanager
        async def leave() -> AsyncIterator[str]:
            if tool_calls:
                sys.exit(3)
            yield ""

        async def scenario(peer: Peer) -> list[str]:
            results = await answers(peer, "find", "other")
            await still_there(peer, 1)
            return results

        async def other() -> str:
            return "done"

        first, second = converse(scenario, needing("find", Resource(leave)), Tool("other", other))
        assert "internal error" in first
        assert second == "done"
        assert "leave of the test could not be opened" in caplog.text

    @pytest.mark.parametrize("settle", [0.0, 0.01])
    def test_one_that_is_not_alive_any_more_is_opened_anew(
        self, settle: float, caplog: pytest.LogCaptureFixture
    ) -> None:
        @dataclass
        class Line:
            number: int
            is_up: bool = True

        lines: list[Line] = []
        closed: list[int] = []

        @asynccontextmanager
        async def open_line() -> AsyncIterator[Line]:
            line = Line(len(lines))
            lines.append(line)
            yield line
            closed.append(line.number)

        async def use(line: Annotated[Line, Resource(open_line, is_alive=lambda line: line.is_up)]) -> int:
            return line.number

        async def scenario(peer: Peer) -> list[str]:
            results = await answers(peer, "use", "use")
            lines[0].is_up = False
            results += await answers(peer, "use", "use")
            await until(lambda: closed == [0])
            return results

        assert converse(scenario, Tool("use", use, settle=settle)) == ["0", "0", "1", "1"]
        assert closed == [0, 1]
        assert "open_line of the test is not alive any more and is opened anew" in caplog.text

    def test_what_cannot_be_asked_whether_it_is_alive_is_taken_for_dead(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        diary = Diary()

        def ask(_: Diary) -> bool:
            raise OSError("the handle is invalid")

        async def scenario(peer: Peer) -> list[str]:
            return await answers(peer, "find") + await answers(peer, "find")

        results = converse(scenario, needing("find", Resource(diary.lifespan, is_alive=ask)))
        assert results == ["agentframework Diary"] * 2
        assert len(diary.opened) == len(diary.closed) == 2
        assert "lifespan of the test cannot be asked whether it is alive" in caplog.text


class TestClosing:
    """The end of a session closes what it has opened, in bounded time."""

    def test_the_last_that_was_opened_is_closed_first(self) -> None:
        diary = Diary()
        tools = [needing(name, diary.named(name)) for name in ("a", "b", "c")]

        async def scenario(peer: Peer) -> None:
            for tool in tools:
                await answers(peer, tool.name)

        converse(scenario, *tools)
        assert diary.order == ["+a", "+b", "+c", "-c", "-b", "-a"]

    def test_one_that_raises_is_named_and_the_others_are_closed(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        diary = Diary()

        async def fail() -> None:
            raise OSError("the disk is full")

        tools = [needing("a", diary.named("a")), needing("b", diary.named("b", fail))]

        async def scenario(peer: Peer) -> None:
            for tool in tools:
                await answers(peer, tool.name)

        converse(scenario, *tools)
        assert diary.order == ["+a", "+b", "-b", "-a"]
        assert "b of the test failed when it was closed" in caplog.text

    @pytest.mark.parametrize("is_plain", [False, True], ids=["async", "plain"])
    def test_one_that_hangs_is_named_and_neither_the_end_nor_the_others_wait_for_it(
        self, is_plain: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        diary = Diary()
        go = threading.Event()

        @contextmanager
        def hang_on_a_thread() -> Iterator[str]:
            yield ""
            go.wait(PATIENCE)

        hanging = Resource(hang_on_a_thread) if is_plain else diary.named("hang", lambda: asyncio.sleep(60))
        tools = [needing("a", diary.named("a")), needing("hang", hanging)]

        async def scenario(peer: Peer) -> None:
            for tool in tools:
                await answers(peer, tool.name)

        converse(scenario, *tools)  # which waits for the end for so long that only a hang is too long
        assert diary.order[-1] == "-a"
        assert f"{hanging.name} of the test is not closed after" in caplog.text
        assert "a of the test is not closed after" not in caplog.text  # it had a share of the time
        go.set()

    def test_what_hangs_is_cancelled_though_its_loop_goes_on(self) -> None:
        diary = Diary()
        cancelled = threading.Event()

        async def hang() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.set()

        own = LoopThread("callers-own")
        tool = needing("find", diary.named("hang", hang))
        converse(lambda peer: answers(peer, "find"), tool, user_loop=own.acquire())
        assert cancelled.wait(PATIENCE)
        own.join()

    def test_one_that_died_and_hangs_is_named_at_the_end(self, caplog: pytest.LogCaptureFixture) -> None:
        diary = Diary()
        hanging = replace(diary.named("line", lambda: asyncio.sleep(60)), is_alive=lambda _: not diary.closed)

        async def scenario(peer: Peer) -> list[str]:
            first = await answers(peer, "find")
            diary.closed.append(("now", None))
            return first + await answers(peer, "find", "other")

        others = Tool("other", lambda: "done")
        assert converse(scenario, needing("find", hanging), others) == ["agentframework str"] * 2 + ["done"]
        assert caplog.text.count("line of the test is not closed after") == 2

    def test_a_conversation_that_fails_by_a_fault_of_ours_closes_it_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        diary = Diary()

        async def fail(*_: object) -> None:
            raise ZeroDivisionError

        async def scenario(peer: Peer) -> None:
            await peer.open()
            assert await answers(peer, "find") == ["agentframework Diary"]

        with agent(scenario) as served:
            session = make_session(served.url, needing("find", Resource(diary.lifespan)))
            monkeypatch.setattr(session, "_close", fail)
            start(session)
            served.wait()
            assert finish(session).reason == "error"
        assert len(diary.closed) == 1

    def test_a_call_may_clean_up_with_what_it_uses_before_that_is_closed(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        order: list[str] = []
        began = threading.Event()

        @asynccontextmanager
        async def open_database() -> AsyncIterator[list[str]]:
            yield order
            order.append("closed")

        async def transact(database: Annotated[list[str], Resource(open_database)]) -> None:
            try:
                began.set()
                await asyncio.sleep(60)
            finally:
                for _ in range(10):
                    await asyncio.sleep(0)
                database.append("rolled back")

        async def scenario(peer: Peer) -> None:
            await peer.open()
            await peer.call("transact", "a")
            await peer.until_closed()

        with agent(scenario) as served:
            session = make_session(served.url, Tool("transact", transact))
            start(session)
            assert began.wait(PATIENCE)
            finish(session)
        assert order == ["rolled back", "closed"]
        assert "still use" not in caplog.text

    def test_a_call_that_never_ends_holds_no_closing(self, caplog: pytest.LogCaptureFixture) -> None:
        diary = Diary()
        began, go = threading.Event(), threading.Event()

        def hang(what: Annotated[Diary, Resource(diary.lifespan)]) -> None:
            began.set()
            go.wait(PATIENCE)

        async def scenario(peer: Peer) -> None:
            await peer.open()
            await peer.call("hang", "a")
            await peer.until_closed()

        with agent(scenario) as served:
            session = make_session(served.url, Tool("hang", hang))
            start(session)
            assert began.wait(PATIENCE)
            finish(session)
        assert len(diary.closed) == 1
        assert "resources are closed while 1 calls still use some" in caplog.text
        go.set()

    def test_an_end_in_the_middle_of_an_opening_stops_it(self, caplog: pytest.LogCaptureFixture) -> None:
        began, stopped = threading.Event(), threading.Event()

        @asynccontextmanager
        async def open_slowly() -> AsyncIterator[str]:
            began.set()
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()
            yield ""

        async def scenario(peer: Peer) -> list[dict[str, Any]]:
            await peer.open()
            await peer.call("find", "a")
            return await peer.until_closed()

        own = LoopThread("callers-own")
        with agent(scenario) as served:
            tool = needing("find", Resource(open_slowly))
            session = make_session(served.url, tool, user_loop=own.acquire())
            start(session)
            assert began.wait(PATIENCE)
            finish(session)
            (answer,) = served.wait()
        assert answer["tool_call_id"] == "a"
        assert stopped.wait(PATIENCE)  # and not because its loop has ended
        assert "is not closed after" not in caplog.text
        own.join()

    def test_a_loop_of_the_program_that_is_closed_takes_it_along(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        diary = Diary()
        own = LoopThread("callers-own")
        mailbox = own.acquire()

        async def scenario(peer: Peer) -> list[str]:
            first = await answers(peer, "find")
            own.join()  # as asyncio.run does, it cancels all tasks before it closes the loop
            return first

        converse(scenario, needing("find", Resource(diary.lifespan)), user_loop=mailbox)
        assert len(diary.closed) == 1
        assert diary.opened[0][0] == diary.closed[0][0] == "callers-own"


class TestSharing:
    """With scope "process" the sessions that run at the same time share one."""

    @pytest.mark.parametrize("is_plain", [False, True], ids=["async", "plain"])
    def test_it_is_opened_once_and_closed_with_the_last_session_that_used_it(self, is_plain: bool) -> None:
        diary = Diary()
        resource: Resource[Diary] = Resource(
            diary.plain_lifespan if is_plain else diary.lifespan, scope="process"
        )
        with Caller(needing("find", resource)) as first, Caller(needing("find", resource)) as second:
            assert first.call("find") == second.call("find") == "agentframework Diary"
            first.end()
            assert diary.closed == []
            assert second.call("find") == "agentframework Diary"
            assert len(diary.opened) == 1
            second.end()
            assert diary.closed == diary.opened
        with Caller(needing("find", resource)) as third:
            assert third.call("find") == "agentframework Diary"
        assert len(diary.opened) == len(diary.closed) == 2
        assert {context.session_id for context in diary.contexts} <= {""}

    def test_sessions_do_not_share_what_belongs_to_one(self) -> None:
        diary = Diary()
        tool = needing("find", Resource(diary.lifespan))
        with Caller(tool) as first, Caller(tool) as second:
            first.call("find")
            second.call("find")
            first.end()
            assert len(diary.closed) == 1
            assert second.call("find") == "agentframework Diary"
        assert len({context.session_id for context in diary.contexts}) == 2

    def test_other_settings_have_one_of_their_own(self) -> None:
        diary = Diary()
        tool = needing("find", Resource(diary.lifespan, scope="process"))
        with (
            Caller(tool.with_settings({"key": "mine"})) as first,
            Caller(tool.with_settings({"key": "yours"})) as second,
            Caller(tool.with_settings({"key": "mine"})) as third,
        ):
            for one in (first, second, third):
                one.call("find")
        assert [context.settings["key"] for context in diary.contexts] == ["mine", "yours"]

    def test_loops_do_not_share_what_was_opened_on_one(self) -> None:
        diary = Diary()
        own = LoopThread("callers-own")
        tool = needing("find", Resource(diary.lifespan, scope="process"))
        with Caller(tool) as first, Caller(tool, user_loop=own.acquire()) as second:
            first.call("find")
            second.call("find")
        own.join()
        assert [name for name, _ in diary.opened] == ["agentframework-user", "callers-own"]
        assert sorted(map(str, diary.closed)) == sorted(map(str, diary.opened))

    def test_sessions_that_come_and_go_never_have_one_that_is_closed_and_leave_none_open(self) -> None:
        @dataclass
        class Line:
            is_open: bool = True

        lines: list[Line] = []

        @asynccontextmanager
        async def open_line() -> AsyncIterator[Line]:
            line = Line()
            lines.append(line)
            yield line
            line.is_open = False

        async def use(line: Annotated[Line, Resource(open_line, scope="process")]) -> bool:
            return line.is_open

        tool = Tool("use", use)

        def come_and_go(_: int) -> set[str]:
            with Caller(tool) as caller:
                return {caller.call("use"), caller.call("use")}

        with ThreadPoolExecutor(6) as pool:
            results = set().union(*pool.map(come_and_go, range(30)))
        assert results == {"true"}
        assert not any(line.is_open for line in lines)

    def test_one_that_failed_for_one_session_is_tried_again_by_another(self) -> None:
        tries: list[int] = []

        @asynccontextmanager
        async def open_once_it_is_there() -> AsyncIterator[str]:
            tries.append(1)
            if len(tries) == 1:
                raise ConnectionError
            yield "open"

        tool = needing("find", Resource(open_once_it_is_there, scope="process"))
        with Caller(tool) as first, Caller(tool) as second:
            assert "internal error" in first.call("find")
            assert second.call("find") == first.call("find") == "agentframework str"
        assert len(tries) == 2


class Caller:
    """A running session whose tools a test calls one at a time."""

    def __init__(self, *tools: Tool[..., Any], **options: Any) -> None:
        self._tools = tools
        self._options = options
        self._asked = 0
        self._wanted: list[str] = []
        self._results: list[str] = []

    def __enter__(self) -> Self:
        self._agent = agent(self._scenario)
        self._session = make_session(self._agent.__enter__().url, *self._tools, **self._options)
        start(self._session)
        return self

    def __exit__(self, *error: object) -> None:
        self.end()
        self._agent.__exit__(None, None, None)

    def call(self, name: str) -> str:
        """What the tool answers."""
        self.ask(name)
        return self.hear()

    def ask(self, name: str) -> None:
        """Have the tool called."""
        self._asked += 1
        self._wanted.append(name)

    def hear(self) -> str:
        """What it answered."""
        assert eventually(lambda: len(self._results) == self._asked)
        return self._results[-1]

    def end(self) -> None:
        """End the session, and wait for it."""
        finish(self._session)

    async def _scenario(self, peer: Peer) -> None:
        await peer.open()
        while not self._session.ended.done():
            while self._wanted:
                self._results += await answers(peer, self._wanted.pop(0))
            await asyncio.sleep(0.005)


class LoopEvent:
    """An event that a coroutine on another thread's loop waits for."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Let all go on."""
        self._event.set()

    async def wait(self) -> None:
        """Until it is set."""
        while not self._event.is_set():  # noqa: ASYNC110 - it is set on another thread
            await asyncio.sleep(0.005)
