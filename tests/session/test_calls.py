"""Tool calls over a real socket: each is answered once, in time, whatever the tool does."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
import time
from typing import Any

import pytest

from agent_stub import Peer, Recorder, agent, converse, finish, make_session, start, until
from agentframework.errors import ToolError
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.tools.context import ToolContext
from agentframework.tools.tool import Tool, tool
from agentframework.workers.threads import ThreadPool

QUICK = SessionSettings(tool_timeout=0.3)


def one_answer(
    name: str, parameters: Any, *tools: Any, settings: SessionSettings | None = None
) -> dict[str, Any]:
    """The answer to one call."""

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call(name, "tc_1", parameters)
        return await peer.receive()

    answer: dict[str, Any] = converse(scenario, *tools, settings=settings)
    assert answer["type"] == "client_tool_result"
    assert answer["tool_call_id"] == "tc_1"
    assert isinstance(answer["result"], str)
    return answer


def test_a_sync_tool_runs_on_a_worker_thread_and_is_answered() -> None:
    @tool
    def where(word: str) -> str:
        """Where."""
        return f"{word} {threading.current_thread().name.rsplit('-', 1)[0]}"

    answer = one_answer("where", {"word": "on"}, where)
    assert answer["result"] == "on agentframework-tool"
    assert answer["is_error"] is False


def test_an_async_tool_runs_on_the_users_loop() -> None:
    @tool
    async def where() -> str:
        """Where."""
        await asyncio.sleep(0)
        return threading.current_thread().name

    assert one_answer("where", {}, where)["result"] == "agentframework-user"


def test_a_plain_function_that_returns_a_coroutine_is_awaited() -> None:
    async def later() -> dict[str, int]:
        return {"n": 1}

    answer = one_answer("lazy", {}, Tool("lazy", lambda: later()))
    assert json.loads(answer["result"]) == {"n": 1}


@pytest.mark.parametrize("value", [0, False, "", [], {}, None, 1.5])
def test_a_falsy_result_arrives_as_it_is(value: Any) -> None:
    answer = one_answer("give", {}, Tool("give", lambda: value))
    expected = "ok" if value is None else value if isinstance(value, str) else json.dumps(value)
    assert answer["result"] == expected
    assert answer["is_error"] is False


def test_an_unknown_tool_is_answered_with_the_nearest_name() -> None:
    @tool
    def get_weather() -> str:
        """Weather."""
        return "rain"

    answer = one_answer("Get_Weather", {}, get_weather)
    assert answer["is_error"] is True
    assert "get_weather" in answer["result"]


def test_arguments_that_do_not_fit_are_told_to_the_model_and_the_tool_does_not_run() -> None:
    ran: list[int] = []

    @tool
    def set_level(level: int) -> str:
        """Set the level."""
        ran.append(level)
        return "done"

    answer = one_answer("set_level", {"level": "loud"}, set_level)
    assert answer["is_error"] is True
    assert "level" in answer["result"]
    assert "loud" in answer["result"]
    assert ran == []


@pytest.mark.parametrize("parameters", [[1], "text", 5, True])
def test_parameters_that_are_no_object_are_an_answer_and_not_the_end(parameters: Any) -> None:
    answer = one_answer("give", parameters, Tool("give", lambda: "x"))
    assert answer["is_error"] is True


def test_a_tool_error_goes_word_for_word_and_other_exceptions_stay_home(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @tool
    def told() -> str:
        """Told."""
        raise ToolError("the door is locked")

    @tool
    def secret() -> str:
        """Secret."""
        raise RuntimeError("canary-password")

    assert one_answer("told", {}, told)["result"] == "the door is locked"
    answer = one_answer("secret", {}, secret)
    assert answer["is_error"] is True
    assert "canary" not in answer["result"]
    error_id = answer["result"].split("(id ")[1].split(")")[0]
    assert error_id in caplog.text
    assert "canary-password" in caplog.text


@pytest.mark.parametrize(
    "raised", [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()]
)
@pytest.mark.parametrize("is_async", [False, True])
def test_whatever_a_tool_raises_is_answered(raised: BaseException, is_async: bool) -> None:
    def plain() -> str:
        raise raised

    async def coroutine() -> str:
        raise raised

    assert one_answer("bad", {}, Tool("bad", coroutine if is_async else plain))["is_error"] is True


def test_errors_that_the_model_can_act_on_may_go_as_results() -> None:
    @tool
    def told() -> str:
        """Told."""
        raise ToolError("say which door")

    @tool
    def broken() -> str:
        """Broken."""
        raise RuntimeError

    settings = SessionSettings(error_text="result")
    answer = one_answer("told", {}, told, settings=settings)
    assert answer == {
        "type": "client_tool_result",
        "tool_call_id": "tc_1",
        "result": "say which door",
        "is_error": False,
    }
    assert one_answer("broken", {}, broken, settings=settings)["is_error"] is True


def test_a_hung_sync_tool_is_answered_at_its_deadline_and_delays_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Two hung tools fill the pool; a pong comes at once, and the next tool runs when their time is up."""
    go = threading.Event()
    hang = Tool("hang", lambda: go.wait(30))
    quick = Tool("quick", lambda: "quick", timeout=10)
    pool = ThreadPool(2, name="small")

    async def scenario(peer: Peer) -> tuple[list[dict[str, Any]], float]:
        began = time.monotonic()
        await peer.call("hang", "a")
        await peer.call("hang", "b")
        await peer.call("quick", "c")
        await peer.ping(7)
        pong = await peer.receive()
        ponged = time.monotonic() - began
        return [pong] + [await peer.receive() for _ in range(3)], ponged

    frames, ponged = converse(scenario, hang, quick, settings=QUICK, worlds=Worlds(tools=pool))
    assert frames[0] == {"type": "pong", "event_id": 7}
    assert ponged < 0.25
    answers = {frame["tool_call_id"]: frame for frame in frames[1:]}
    assert "did not finish within 0.3 seconds" in answers["a"]["result"]
    assert answers["a"]["is_error"] is True
    assert pool.zombies == 2
    go.set()
    assert "c" in answers


def test_a_tool_that_waits_behind_hung_ones_runs_when_these_are_given_up() -> None:
    go = threading.Event()
    hang = Tool("hang", lambda: go.wait(30), timeout=0.1)
    quick = Tool("quick", lambda: "quick")

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("hang", "a")
        await peer.call("quick", "b")
        answers = [await peer.receive(), await peer.receive()]
        return {frame["tool_call_id"]: frame["result"] for frame in answers}

    answers = converse(scenario, hang, quick, worlds=Worlds(tools=ThreadPool(1, name="one")))
    go.set()
    assert answers["b"] == "quick"


def test_an_async_tool_past_its_deadline_is_cancelled() -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    answer = one_answer("forever", {}, Tool("forever", forever), settings=QUICK)
    assert "did not finish" in answer["result"]
    assert cancelled.wait(5)


def test_an_async_tool_that_blocks_its_loop_is_named_and_the_others_are_answered_in_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go = threading.Event()

    async def blocks() -> str:
        go.wait(30)
        return "late"

    async def waits() -> str:
        return "never in time"

    async def scenario(peer: Peer) -> tuple[list[dict[str, Any]], float]:
        await peer.call("blocks", "a")
        await peer.call("waits", "b")
        answers = [await peer.receive(), await peer.receive()]
        began = time.monotonic()
        await peer.ping(1)
        await peer.receive()
        ponged = time.monotonic() - began
        await until(lambda: "held up in" in caplog.text)
        go.set()
        return answers, ponged

    answers, ponged = converse(scenario, Tool("blocks", blocks), Tool("waits", waits), settings=QUICK)
    assert all("did not finish" in answer["result"] for answer in answers)
    assert ponged < 0.25
    assert "held up in wait" in caplog.text


def test_a_result_after_the_deadline_is_recorded_and_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    go = threading.Event()
    recorder = Recorder()

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.call("slow", "a")
        answers = [await peer.receive()]
        go.set()
        await until(lambda: session.protocol.ledger.late > 0)
        await peer.ping(1)
        answers.append(await peer.receive())
        return answers

    async def whole(peer: Peer) -> Any:
        await peer.open()
        return await scenario(peer)

    with agent(whole) as served:
        slow = Tool("slow", lambda: go.wait(30))
        session = make_session(served.url, slow, handlers=(recorder,), settings=QUICK)
        start(session)
        answers = served.wait()
        finish(session)
    assert [answer["type"] for answer in answers] == ["client_tool_result", "pong"]
    assert "too late" in caplog.text
    assert [event.outcome for event in recorder.of("tool_answered")] == ["timeout"]


def test_a_call_that_expects_no_response_runs_unanswered_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[int] = []

    async def scenario(peer: Peer) -> dict[str, Any]:
        for number in range(2):
            await peer.call("note", f"n{number}", {"n": number}, expects_response=False)
        await until(lambda: len(ran) == 2)
        await peer.ping(3)
        return await peer.receive()

    @tool
    def note(n: int) -> None:
        """Note."""
        ran.append(n)

    assert converse(scenario, note)["type"] == "pong"
    assert sorted(ran) == [0, 1]
    assert caplog.text.count("expects no response of 'note'") == 1


@pytest.mark.parametrize(("answers", "sent"), [({"note": True}, True), ({"note": False}, False)])
def test_the_config_may_say_that_a_tool_is_always_or_never_answered(
    answers: dict[str, bool], sent: bool
) -> None:
    async def scenario(peer: Peer) -> str:
        await peer.call("note", "n", expects_response=not sent)
        await peer.call("other", "o", expects_response=True)
        frames = [await peer.receive()]
        if sent:
            frames.append(await peer.receive())
        return " ".join(sorted(frame["tool_call_id"] for frame in frames))

    settings = SessionSettings(answers=answers)
    tools = Tool("note", lambda: 1), Tool("other", lambda: 2)
    assert converse(scenario, *tools, settings=settings) == ("n o" if sent else "o")


def test_a_duplicate_call_runs_and_is_answered_once() -> None:
    ran: list[int] = []

    async def scenario(peer: Peer) -> list[str]:
        for _ in range(3):
            await peer.call("count", "same")
        await peer.call("last", "last")
        seen = []
        while "last" not in seen:
            seen.append((await peer.receive())["tool_call_id"])
        await peer.call("count", "same")
        await peer.ping(1)
        seen.append((await peer.receive())["type"])
        return seen

    pool_of_one = ThreadPool(1, name="one")
    seen = converse(
        scenario,
        Tool("count", lambda: ran.append(1)),
        Tool("last", lambda: 1),
        worlds=Worlds(tools=pool_of_one),
    )
    assert seen == ["same", "last", "pong"]
    assert ran == [1]


def test_more_open_calls_than_allowed_are_answered_busy() -> None:
    go = threading.Event()

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        for number in range(3):
            await peer.call("wait", f"w{number}")
        busy = await peer.receive()
        go.set()
        return [busy, await peer.receive(), await peer.receive()]

    settings = SessionSettings(max_open_calls=2)
    frames = converse(scenario, Tool("wait", lambda: go.wait(5)), settings=settings)
    assert frames[0]["tool_call_id"] == "w2"
    assert "Too many" in frames[0]["result"]
    assert [frame["is_error"] for frame in frames] == [True, False, False]


def test_calls_that_are_open_when_we_end_are_answered_as_shut_down() -> None:
    began, go = threading.Event(), threading.Event()
    contexts: list[ToolContext] = []

    @tool
    def wait(context: ToolContext) -> None:
        """Wait."""
        contexts.append(context)
        began.set()
        go.wait(30)

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("wait", "a")
        return await peer.until_closed()

    with agent(scenario) as served:
        session = make_session(served.url, wait)
        start(session)
        assert began.wait(5)
        finish(session)
        frames = served.wait()
    assert [frame["tool_call_id"] for frame in frames] == ["a"]
    assert "conversation is ending" in frames[0]["result"]
    assert contexts[0].cancelled.is_set()
    assert contexts[0].conversation_id == "conv_1"
    assert contexts[0].call_id == "a"
    assert session.protocol.ledger.open_ids == ()
    go.set()


def test_the_variables_of_the_caller_are_seen_by_tools() -> None:
    word: contextvars.ContextVar[str] = contextvars.ContextVar("word")
    word.set("inherited")

    async def coroutine() -> str:
        return word.get()

    assert one_answer("plain", {}, Tool("plain", lambda: word.get()))["result"] == "inherited"
    assert one_answer("coroutine", {}, Tool("coroutine", coroutine))["result"] == "inherited"


def test_async_tools_run_on_the_loop_that_the_caller_gives_and_a_closed_one_is_an_answer() -> None:
    from agentframework.loopthread import LoopThread

    own = LoopThread("callers-own")
    mailbox = own.acquire()

    async def where() -> str:
        return threading.current_thread().name

    async def scenario(peer: Peer) -> list[str]:
        await peer.call("where", "a")
        first = await peer.receive()
        own.join()
        await peer.call("where", "b")
        return [first["result"], (await peer.receive())["result"]]

    first, second = converse(scenario, Tool("where", where), user_loop=mailbox)
    assert first == "callers-own"
    assert "conversation is ending" in second


def test_what_happened_is_told_to_handlers_with_duration_and_outcome() -> None:
    recorder = Recorder()

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.call("give", "a", {"x": 1})
        await peer.receive()

    @tool
    def give(x: int) -> int:
        """Give."""
        return x + 1

    with agent(scenario) as served:
        session = make_session(served.url, give, handlers=(recorder,))
        start(session)
        served.wait()
        finish(session)
    called, answered = recorder.of("tool_called")[0], recorder.of("tool_answered")[0]
    assert (called.tool_name, called.parameters, called.owner) == ("give", {"x": 1}, "the test")
    assert (answered.outcome, answered.text, answered.sent) == ("ok", "2", True)
    assert 0 <= answered.duration < 5


@pytest.mark.parametrize("is_async", [False, True])
def test_a_tool_error_that_cannot_be_put_into_words_is_an_answer(is_async: bool) -> None:
    class WordlessError(ToolError):
        def __str__(self) -> str:
            raise OSError("canary")

    def plain() -> str:
        raise WordlessError

    async def coroutine() -> str:
        raise WordlessError

    answer = one_answer("wordless", {}, Tool("wordless", coroutine if is_async else plain))
    assert answer["is_error"] is True
    assert "internal error" in answer["result"]
