"""The cases that every kind of worker has to pass: what tools may do to it, and what that may cost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from agentframework.errors import EngineDown, ResultError, ToolCrashed, ToolError, ToolFailed, ToolTimeout
from agentframework.testing import worker_tools as tools
from agentframework.testing.trials import Trial, WorkerCase, until
from agentframework.workers.base import CallContext, ToolSpec, Worker

__all__ = ["WORKER_CASES", "check_worker", "worker_cases"]


async def a_result_is_given_as_text(trial: Trial) -> None:
    assert await trial.call(tools.echo, text="Grüße, 世界") == "Grüße, 世界"
    assert await trial.call(tools.count, text="x" * 3_000_000) == "3000000"
    assert await trial.call(tools.long_text, length=60_000) == "x" * 60_000


async def a_coroutine_is_awaited(trial: Trial) -> None:
    assert await trial.call(tools.wait_and_add, a=1, b=2) == "3"
    assert await trial.call(tools.wait_and_add, a=2, b=2) == "4"


async def many_calls_at_once_get_their_own_answers(trial: Trial) -> None:
    calls = [trial.call(tools.echo, text=f"number {number}") for number in range(200)]
    assert await asyncio.gather(*calls) == [f"number {number}" for number in range(200)]


async def a_tool_error_is_its_text(trial: Trial) -> None:
    error = await trial.fails(ToolError, tools.refuse)
    assert str(error) == "there is no such customer"


async def another_exception_is_named_and_not_told(trial: Trial) -> None:
    error = await trial.fails(ToolFailed, tools.raise_value)
    assert error.type_name == "ValueError"
    assert error.problem == "the number is wrong"
    assert "raise_value" in error.trace


async def an_exception_that_cannot_be_copied_or_read_costs_its_own_call(trial: Trial) -> None:
    for _ in range(3):
        error = await trial.fails(ToolFailed, tools.raise_odd)
        assert error.type_name == "OddError"
    await trial.is_well()


async def a_polite_exit_costs_its_own_call(trial: Trial) -> None:
    error = await trial.fails(ToolFailed, tools.exit_politely)
    assert error.type_name == "SystemExit"
    await trial.is_well()


async def a_result_without_a_text_form_says_so(trial: Trial) -> None:
    assert "do not repeat" in str(await trial.fails(ResultError, tools.give_a_lock))
    assert "too long" in str(await trial.fails(ResultError, tools.long_text, length=100_000))


async def a_call_ends_at_its_deadline(trial: Trial) -> None:
    await trial.call(tools.echo, text="warm")
    await trial.fails(ToolTimeout, tools.nap, nap=1.0, seconds=0.2)
    assert trial.worker.health().timed_out == 1
    await trial.is_well()


async def a_coroutine_ends_at_its_deadline(trial: Trial) -> None:
    await trial.call(tools.echo, text="warm")
    await trial.fails(ToolTimeout, tools.wait_for_ever, seconds=0.2)
    await trial.is_well()


async def the_deadline_covers_the_queue(trial: Trial) -> None:
    await trial.call(tools.echo, text="warm")
    size = trial.worker.health().size
    naps = [trial.begin(tools.nap, nap=1.0) for _ in range(size)]
    if size:
        await until(lambda: trial.worker.health().busy == size, "not all calls run")
        error = await trial.fails(ToolTimeout, tools.echo, text="late", seconds=0.1)
        assert "could not begin" in str(error)
    assert await asyncio.gather(*naps) == ["rested"] * size


async def a_call_whose_deadline_has_passed_is_not_run(trial: Trial) -> None:
    await trial.fails(ToolTimeout, tools.mark, path=str(trial.folder / "mark"), seconds=-1.0)
    await trial.is_well()
    assert not (trial.folder / "mark").exists()


async def cancelling_the_task_cancels_the_call(trial: Trial) -> None:
    task = trial.begin(tools.wait_long, started=str(trial.folder / "started"))
    await trial.content("started")
    task.cancel()
    await asyncio.wait([task], timeout=10.0)
    assert task.cancelled()
    await trial.is_well()


async def cancelling_a_call_that_waits_takes_it_out(trial: Trial) -> None:
    size = trial.worker.health().size
    naps = [trial.begin(tools.nap, nap=0.5) for _ in range(size)]
    if not size:
        return
    await until(lambda: trial.worker.health().busy == size, "not all calls run")
    task = trial.begin(tools.mark, path=str(trial.folder / "mark"))
    await until(lambda: trial.worker.health().waiting == 1, "the call does not wait")
    task.cancel()
    await asyncio.wait([task], timeout=10.0)
    assert await asyncio.gather(*naps) == ["rested"] * size
    await trial.is_well()
    assert not (trial.folder / "mark").exists()


async def a_tool_knows_its_call(trial: Trial) -> None:
    told: list[str] = []
    context = CallContext("session", "conversation", "key", told.append)
    answer = await trial.call(tools.talk, text="half done", context=context)
    assert answer == "call_1 key True session conversation"
    await until(lambda: told == ["half done"], f"progress came as {told}")


async def the_state_of_a_session_is_refused_in_words(trial: Trial) -> None:
    error = await trial.fails(ToolFailed, tools.use_state)
    assert "state" in error.problem


async def a_specification_survives_as_json(trial: Trial) -> None:
    spec = ToolSpec.of(tools.echo)
    assert ToolSpec(**spec.to_json()) == spec
    await trial.worker.start([spec])
    assert await trial.call(tools.echo, text="started") == "started"


async def it_stops_and_starts_again(trial: Trial) -> None:
    await trial.worker.stop()
    await trial.fails(EngineDown, tools.echo, text="nobody")
    await trial.worker.start()
    await trial.is_well()
    await trial.worker.stop()
    await trial.worker.stop()
    assert not trial.worker.health().is_up
    await trial.fails(EngineDown, tools.echo, text="nobody")


async def stopping_ends_the_calls_that_run(trial: Trial) -> None:
    task = trial.begin(tools.wait_long, started=str(trial.folder / "started"))
    await trial.content("started")
    await trial.worker.stop()
    await asyncio.wait([task], timeout=10.0)
    assert isinstance(task.exception(), EngineDown)


async def health_counts(trial: Trial) -> None:
    await trial.is_well()
    health = trial.worker.health()
    assert (health.is_up, health.busy, health.waiting, health.calls) == (True, 0, 0, 8)


async def a_crash_costs_its_own_call(trial: Trial) -> None:
    await trial.call(tools.echo, text="warm")
    others = [trial.begin(tools.nap, nap=0.01) for _ in range(40)]
    crashes = [trial.begin(tools.segfault) for _ in range(5)]
    await asyncio.wait([*others, *crashes])
    assert [task.result() for task in others] == ["rested"] * 40
    assert [type(task.exception()) for task in crashes] == [ToolCrashed] * 5
    assert trial.worker.health().crashed == 5
    await trial.is_well()


async def an_exit_behind_pythons_back_costs_its_own_call(trial: Trial) -> None:
    await trial.fails(ToolCrashed, tools.exit_at_once, code=0)
    await trial.fails(ToolCrashed, tools.exit_at_once, code=3)
    await trial.is_well()


async def a_crashed_call_is_run_again_only_if_it_may_be(trial: Trial) -> None:
    await trial.fails(ToolCrashed, tools.crash_once, mark=str(trial.folder / "none"))
    await trial.fails(ToolCrashed, tools.crash_once, mark=str(trial.folder / "not"), idempotent=False)
    mark = str(trial.folder / "may")
    assert await trial.call(tools.crash_once, mark=mark, idempotent=True) == "second time"
    await trial.fails(ToolCrashed, tools.exit_at_once, code=1, idempotent=True)


async def a_tool_may_write_where_its_process_writes(trial: Trial) -> None:
    assert await trial.call(tools.shell) == "0"
    assert await trial.call(tools.write_errors, size=300_000) == "ok"
    await trial.is_well()


async def what_a_tool_forks_is_not_heard(trial: Trial) -> None:
    assert await trial.call(tools.fork_and_write) == "fine"
    await trial.is_well()


async def a_hang_in_c_is_ended_at_the_deadline(trial: Trial) -> None:
    task = trial.begin(tools.hang_in_c, started=str(trial.folder / "pid"), seconds=1.0)
    pid = int(await trial.content("pid"))
    await asyncio.wait([task], timeout=10.0)
    assert isinstance(task.exception(), ToolTimeout)
    await until(partial(is_gone, pid), "the process lives on")
    await trial.is_well()


async def many_hangs_do_not_stop_the_others(trial: Trial) -> None:
    await trial.call(tools.echo, text="warm")
    hangs = [trial.begin(tools.wait_long, started=str(trial.folder / f"{n}"), seconds=1.0) for n in range(10)]
    await asyncio.wait(hangs)
    assert all(isinstance(task.exception(), ToolTimeout) for task in hangs)
    await trial.is_well()


async def cancelling_ends_a_tool_that_does_not_look(trial: Trial) -> None:
    task = trial.begin(tools.hang_in_c, started=str(trial.folder / "pid"))
    pid = int(await trial.content("pid"))
    task.cancel()
    await until(partial(is_gone, pid), "the process lives on")
    await trial.is_well()


async def what_a_tool_has_started_ends_with_it(trial: Trial) -> None:
    task = trial.begin(tools.hang_with_a_child, started=str(trial.folder / "pid"))
    pid = int(await trial.content("pid"))
    task.cancel()
    await until(partial(is_gone, pid), "what the tool has started lives on")


async def what_a_crashed_tool_has_started_ends_too(trial: Trial) -> None:
    await trial.fails(ToolCrashed, tools.leave_a_child_and_crash, started=str(trial.folder / "pid"))
    pid = int(await trial.content("pid"))
    await until(partial(is_gone, pid), "what the tool has started lives on")


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or only its name in the list until its parent has looked."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:  # it went while its file was being read
        return True
    except FileNotFoundError:
        return not Path("/proc/self").is_dir()


_ANYWHERE: Final[Sequence[Callable[[Trial], Awaitable[None]]]] = (
    a_result_is_given_as_text,
    a_coroutine_is_awaited,
    many_calls_at_once_get_their_own_answers,
    a_tool_error_is_its_text,
    another_exception_is_named_and_not_told,
    an_exception_that_cannot_be_copied_or_read_costs_its_own_call,
    a_polite_exit_costs_its_own_call,
    a_result_without_a_text_form_says_so,
    a_call_ends_at_its_deadline,
    a_coroutine_ends_at_its_deadline,
    the_deadline_covers_the_queue,
    a_call_whose_deadline_has_passed_is_not_run,
    cancelling_the_task_cancels_the_call,
    cancelling_a_call_that_waits_takes_it_out,
    a_tool_knows_its_call,
    the_state_of_a_session_is_refused_in_words,
    a_specification_survives_as_json,
    it_stops_and_starts_again,
    stopping_ends_the_calls_that_run,
    health_counts,
)
_ISOLATING: Final[Sequence[Callable[[Trial], Awaitable[None]]]] = (
    a_crash_costs_its_own_call,
    an_exit_behind_pythons_back_costs_its_own_call,
    a_crashed_call_is_run_again_only_if_it_may_be,
    a_tool_may_write_where_its_process_writes,
    what_a_tool_forks_is_not_heard,
    what_a_crashed_tool_has_started_ends_too,
)
_KILLING: Final[Sequence[Callable[[Trial], Awaitable[None]]]] = (
    a_hang_in_c_is_ended_at_the_deadline,
    many_hangs_do_not_stop_the_others,
    cancelling_ends_a_tool_that_does_not_look,
    what_a_tool_has_started_ends_with_it,
)

WORKER_CASES: Final = (
    *(WorkerCase(test.__name__, test) for test in _ANYWHERE),
    *(WorkerCase(test.__name__, test, isolates=True) for test in _ISOLATING),
    *(WorkerCase(test.__name__, test, kills=True) for test in _KILLING),
)
"""All cases."""


def worker_cases(*, isolates: bool = True, kills: bool = True) -> list[WorkerCase]:
    """The cases for a worker, to parametrize a test with.

        @pytest.mark.parametrize("case", worker_cases(), ids=str)
        def test_my_worker(case):
            case.run(MyWorker)

    `isolates`: a tool that takes its process with it harms nothing else. `kills`: a tool is ended at its deadline and
    when it is cancelled, whatever it does. A worker inside the runtime's own process can do neither. The tools write
    into temporary files, so the processes have to be on this machine.
    """
    return [each for each in WORKER_CASES if each.isolates <= isolates and each.kills <= kills]


async def check_worker(
    make_worker: Callable[[], Worker], *, isolates: bool = True, kills: bool = True
) -> None:
    """Run all cases, each with a worker of its own; the first that fails ends it, with a note that names the case."""
    for each in worker_cases(isolates=isolates, kills=kills):
        try:
            await each.check(make_worker)
        except BaseException as error:
            error.add_note(f"case {each.name}")
            raise
