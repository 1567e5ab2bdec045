"""Tools in processes, over a real socket: whatever happens to one is one answer, and the others go on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_stub import Peer, converse, until
from agentframework.policy import Policy, Rule
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.testing import worker_tools
from agentframework.tools.tool import Tool
from agentframework.workers.processes import ProcessGroup, ProcessWorker

QUIET = SessionSettings(activity_interval=0)


def in_process(tool: Tool[..., Any], **options: Any) -> Tool[..., Any]:
    """The tool, as one that runs in a process."""
    return tool.with_options(**{"worker": "process", **options})


def worlds(**groups: ProcessGroup) -> Worlds:
    """Two processes, and these groups."""
    return Worlds(workers={"process": ProcessWorker({"default": ProcessGroup(2), **groups})})


def answers_of(
    calls: list[tuple[str, dict[str, Any]]], *tools: Tool[..., Any], **options: Any
) -> dict[str, dict[str, Any]]:
    """The answers to these calls, made at once; the ids are their places."""

    async def scenario(peer: Peer) -> dict[str, dict[str, Any]]:
        for number, (name, parameters) in enumerate(calls):
            await peer.call(name, str(number), parameters)
        answers: dict[str, dict[str, Any]] = {}
        while len(answers) < len(calls):
            message = await peer.receive()
            if message["type"] == "client_tool_result":
                assert message["tool_call_id"] not in answers
                answers[message["tool_call_id"]] = message
        return answers

    answers: dict[str, dict[str, Any]] = converse(
        scenario, *tools, **{"settings": QUIET, "worlds": worlds(), **options}
    )
    return answers


def test_a_tool_runs_in_another_process_with_arguments_that_were_checked_here() -> None:
    tools = [
        in_process(tool) for tool in (worker_tools.process_id, worker_tools.echo, worker_tools.wait_and_add)
    ]
    answers = answers_of(
        [("process_id", {}), ("echo", {"text": 5}), ("wait_and_add", {"a": "1", "b": 2})], *tools
    )
    assert int(answers["0"]["result"]) != os.getpid()
    assert "text: expected text" in answers["1"]["result"]
    assert answers["2"]["result"] == "3"


@pytest.mark.parametrize(
    ("fatal", "parameters", "said"),
    [
        (worker_tools.segfault, {}, "the process that ran it ended"),
        (worker_tools.exit_at_once, {"code": 0}, "the process that ran it ended"),
        (worker_tools.leak, {}, "the process that ran it ended"),
        (worker_tools.exit_politely, {}, "because of an internal error"),
        (worker_tools.raise_odd, {}, "because of an internal error"),
        (worker_tools.give_a_lock, {}, "could not be turned into text"),
        (worker_tools.break_the_protocol, {}, ""),
    ],
    ids=lambda value: value.name if isinstance(value, Tool) else "",
)
def test_what_kills_a_tool_costs_one_answer_and_the_others_are_unharmed(
    fatal: Tool[..., Any], parameters: dict[str, Any], said: str
) -> None:
    placement = {"group": "small"}
    calls = [("echo", {"text": str(number)}) for number in range(6)]
    calls[3:3] = [(fatal.name, parameters)]
    small = worlds(small=ProcessGroup(2, memory_mb=300))
    tools = (in_process(worker_tools.echo, placement=placement), in_process(fatal, placement=placement))
    answers = answers_of(calls, *tools, worlds=small)
    assert [answers[place]["result"] for place in "012456"] == list("012345")
    assert (answers["3"]["is_error"], said in answers["3"]["result"]) == (True, True)


def test_a_tool_that_hangs_in_c_is_ended_at_its_deadline(tmp_path: Path) -> None:
    hangs = in_process(worker_tools.hang_in_c, timeout=2.0)
    started = tmp_path / "started"

    async def scenario(peer: Peer) -> list[str]:
        texts = []
        await peer.call("echo", "warm", {"text": "up"})  # so that the time is not spent on starting processes
        texts.append((await peer.receive())["result"])
        await peer.call("hang_in_c", "hangs", {"started": str(started)})
        await until(lambda: started.exists() and bool(started.read_text()))
        await peer.call("echo", "beside", {"text": "here"})
        texts += [(await peer.receive())["result"], (await peer.receive())["result"]]
        process_id = int(started.read_text().split()[0])
        await until(lambda: not Path(f"/proc/{process_id}").exists())
        return texts

    tools = (hangs, in_process(worker_tools.echo))
    warm, beside, hung = converse(scenario, *tools, settings=QUIET, worlds=worlds())
    assert (warm, beside) == ("up", "here")
    assert "did not finish" in hung


def test_a_tool_in_a_process_tells_of_its_progress_and_knows_its_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.call("talk", "a", {"text": "half"})
        return [await peer.receive(), await peer.receive()]

    talk = in_process(worker_tools.talk)
    said, answer = converse(scenario, talk, settings=QUIET, worlds=worlds())
    assert said == {"type": "contextual_update", "text": "talk is still running: half"}
    assert answer["is_error"] is False


def test_the_policy_is_asked_before_a_process_is() -> None:
    denied = SessionSettings(activity_interval=0, policy=Policy([Rule("deny", tool="echo")]))
    answers = answers_of([("echo", {"text": "x"})], in_process(worker_tools.echo), settings=denied)
    assert answers["0"]["is_error"] is True
    assert answers["0"]["result"] != "x"


def test_a_tool_whose_worker_is_not_there_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    answers = answers_of([("echo", {"text": "x"})], in_process(worker_tools.echo, worker="ray"))
    assert "what runs it is not available" in answers["0"]["result"]
    assert "there is no worker 'ray'" in caplog.text


def _local() -> Callable[[], int]:
    def here() -> int:
        return 1

    return here


def test_a_tool_that_no_process_could_find_is_answered_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = answers_of([("here", {})], in_process(Tool("here", _local())))
    assert "what runs it is not available" in answers["0"]["result"]
    assert "tool here of the test cannot run" in caplog.text


def test_an_interruption_ends_the_process_of_a_tool_that_is_cancelled_by_it(tmp_path: Path) -> None:
    started = tmp_path / "started"
    stops = in_process(worker_tools.hang_in_c, on_interrupt="cancel")

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("hang_in_c", "a", {"started": str(started)})
        await until(lambda: started.exists() and bool(started.read_text()))
        await peer.send({"type": "interruption", "interruption_event": {"event_id": 1}})
        answer = await peer.receive()
        process_id = int(started.read_text().split()[0])
        await until(lambda: not Path(f"/proc/{process_id}").exists())
        return answer

    answer = converse(scenario, stops, settings=QUIET, worlds=worlds())
    assert answer["result"] == "hang_in_c was stopped because the user spoke."


def test_two_hundred_calls_at_once_are_all_answered() -> None:
    calls = [("echo", {"text": str(number)}) for number in range(200)]
    answers = answers_of(calls, in_process(worker_tools.echo))
    assert [answers[str(number)]["result"] for number in range(200)] == [str(number) for number in range(200)]
