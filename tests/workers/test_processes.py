"""What belongs to worker processes alone: where tools are found, limits, and the ends of all involved."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import process_tools
from agentframework import Tool
from agentframework.errors import (
    ArgumentsError,
    EngineDown,
    ToolCrashed,
    ToolDefinitionError,
    ToolFailed,
    ToolTimeout,
)
from agentframework.testing import worker_tools
from agentframework.testing.trials import until
from agentframework.testing.workers import is_gone
from agentframework.workers.base import ToolSpec
from agentframework.workers.frames import frame
from agentframework.workers.processes import ProcessGroup, ProcessWorker
from agentframework.workers.threads import PoolFullError

ONE = {"default": ProcessGroup(1)}
SLOW_TO_LEAVE = """
import os, sys, time
from agentframework.workers import forking

leave = os._exit
os._exit = lambda code: (time.sleep(0.3), leave(code))
forking.main(int(sys.argv[1]))
"""
HERE = Path(__file__).resolve().parent.parent


async def call(worker: ProcessWorker, tool: Tool[..., Any] | ToolSpec, **options: Any) -> str:
    seconds, group = options.pop("seconds", 20.0), options.pop("group", None)
    return await worker.call(
        tool if isinstance(tool, ToolSpec) else ToolSpec.of(tool),
        options,
        deadline=time.monotonic() + seconds,
        call_id="call_1",
        placement={"group": group} if group else {},
    )


@asynccontextmanager
async def running(worker: ProcessWorker) -> AsyncIterator[ProcessWorker]:
    try:
        yield worker
    finally:
        await worker.stop()


async def pid_of(worker: ProcessWorker) -> int:
    return int(await call(worker, worker_tools.process_id))


class TestFindingATool:
    def test_each_way_to_declare_arguments_is_there_in_the_process(self) -> None:
        async def main() -> None:
            opening = Tool("opening", process_tools.Shop.open_at)
            async with running(ProcessWorker(ONE, preload=[ToolSpec.of(process_tools.birthday)])) as worker:
                assert await call(worker, process_tools.added, a=2) == "3"
                assert await call(worker, process_tools.birthday, name="Ada", born="1815-12-10") == (
                    "Ada: 10 December"
                )
                assert await call(worker, process_tools.days, since="2019-12-31") == "1"
                assert await call(worker, process_tools.as_dict, **{"x-y": 7}) == "7"
                assert await call(worker, opening, day="Monday") == "at 8 on Monday"

        asyncio.run(main())

    def test_a_validators_refusal_comes_back_as_it_is(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                with pytest.raises(ArgumentsError) as caught:
                    await call(worker, process_tools.birthday, name="nobody", born="2000-01-01")
                assert caught.value.problems[0].field == "name"

        asyncio.run(main())

    def test_the_plugins_settings_come_along_with_their_secrets_and_without_a_trace_of_them(self) -> None:
        tool = process_tools.say_settings.with_settings(
            process_tools.Settings(key=SecretStr("s3cret"), city="Rome")
        )

        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                assert await call(worker, tool) == "Rome s3cret"

        asyncio.run(main())
        assert "s3cret" not in repr(ToolSpec.of(tool))

    @pytest.mark.parametrize(
        ("tool", "said"),
        [
            (Tool("t", lambda: "x"), "is a lambda"),
            (Tool("t", process_tools.Shop().close_at), "is a method of an object"),
            (Tool("t", functools.partial(process_tools.plus, 1)), "is a functools.partial"),
        ],
        ids=["lambda", "method", "partial"],
    )
    def test_what_no_import_leads_to_is_refused_in_words(self, tool: Tool[..., Any], said: str) -> None:
        with pytest.raises(ToolDefinitionError, match=said) as caught:
            ToolSpec.of(tool)
        assert "top level of a module" in str(caught.value)

    def test_a_closure_and_a_name_that_leads_elsewhere_are_refused(self) -> None:
        def inner() -> str:
            return "x"

        with pytest.raises(ToolDefinitionError, match="is defined inside a function"):
            ToolSpec.of(Tool("inner", inner))
        inner.__qualname__ = "plus"
        inner.__module__ = "process_tools"
        with pytest.raises(ToolDefinitionError, match="is not what process_tools:plus leads to"):
            ToolSpec.of(Tool("inner", inner))

    def test_a_module_that_is_not_there_costs_each_call_and_no_process(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                lost = ToolSpec("lost", "no_such_module:lost")
                for _ in range(2):
                    with pytest.raises(ToolFailed, match="No module named 'no_such_module'"):
                        await call(worker, lost)
                assert await call(worker, worker_tools.echo, text="well") == "well"

        asyncio.run(main())

    @pytest.mark.parametrize(
        "trouble",
        [
            "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
            "import os; os._exit(7)",
        ],
        ids=["starts a thread", "ends the process"],
    )
    def test_a_module_that_cannot_be_imported_in_advance_is_imported_by_each_process(
        self, trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "trouble.py").write_text(f"{trouble}\ndef hello(): return 'hello'\n")
        monkeypatch.syspath_prepend(tmp_path)
        spec = ToolSpec("hello", "trouble:hello")

        async def main() -> None:
            async with running(ProcessWorker(ONE, preload=[spec])) as worker:
                assert await call(worker, worker_tools.echo, text="well") == "well"
                if "thread" in trouble:
                    assert await call(worker, spec) == "hello"
                else:
                    with pytest.raises(ToolCrashed, match="exit code 7"):
                        await call(worker, spec)

        asyncio.run(main())
        assert "workers import the tools themselves" in caplog.text


class TestLimits:
    def test_a_tool_that_wants_too_much_memory_costs_its_own_call(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker({"small": ProcessGroup(1, memory_mb=64)})) as worker:
                with pytest.raises(ToolCrashed, match="more memory") as caught:
                    await call(worker, worker_tools.leak, group="small")
                assert caught.value.out_of_memory
                assert await call(worker, worker_tools.echo, group="small", text="well") == "well"
                assert worker.health().crashed == 1

        asyncio.run(main())

    def test_a_process_is_replaced_after_its_calls(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker({"default": ProcessGroup(1, max_calls=2)})) as worker:
                pids = [await pid_of(worker) for _ in range(6)]
                assert [pids[0], pids[2], pids[4]] == [pids[1], pids[3], pids[5]]
                assert len(set(pids)) == 3
                for pid in pids[:4]:
                    await until(functools.partial(is_gone, pid), "the process lives on")

        asyncio.run(main())

    def test_too_many_calls_are_not_taken_in(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE, queue=2)) as worker:
                await call(worker, worker_tools.echo, text="warm")
                naps = [asyncio.create_task(call(worker, worker_tools.nap, nap=0.2)) for _ in range(3)]
                await until(lambda: worker.health().waiting == 2, "the calls do not wait")
                with pytest.raises(PoolFullError, match="2 calls wait"):
                    await call(worker, worker_tools.echo, text="one too many")
                assert await asyncio.gather(*naps) == ["rested"] * 3

        asyncio.run(main())

    def test_a_group_that_is_not_there_is_named_with_those_that_are(self) -> None:
        worker = ProcessWorker({"big": ProcessGroup(1)})
        spec = ToolSpec.of(worker_tools.echo)
        worker.check(spec, {"group": "big"})
        with pytest.raises(ToolDefinitionError, match="groups are default, big"):
            worker.check(spec, {"group": "bog"})
        with pytest.raises(ToolDefinitionError, match="knows no placement by gpu"):
            worker.check(spec, {"gpu": 1})

    def test_no_group_has_no_process(self) -> None:
        with pytest.raises(ValueError, match="processes = 0"):
            ProcessGroup(0)


class TestEnds:
    def test_making_one_starts_nothing(self) -> None:
        before = threading.enumerate()
        ProcessWorker()
        assert threading.enumerate() == before

    def test_an_idle_process_that_was_killed_is_replaced_before_it_is_needed(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                for _ in range(3):
                    pid = await pid_of(worker)
                    os.kill(pid, signal.SIGKILL)
                    await until(functools.partial(is_gone, pid), "it lives")
                    assert await pid_of(worker) != pid

        asyncio.run(main())

    def test_a_process_that_is_killed_as_it_runs_says_by_what(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                task = asyncio.create_task(
                    call(worker, worker_tools.wait_long, started=str(tmp_path / "pid"))
                )
                await until(
                    lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()), "no start"
                )
                os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
                with pytest.raises(ToolCrashed) as caught:
                    await task
                assert caught.value.signal_name == "SIGKILL"

        asyncio.run(main())

    def test_a_stopped_process_is_ended_at_the_deadline(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                pid = await pid_of(worker)
                os.kill(pid, signal.SIGSTOP)
                with pytest.raises(ToolTimeout):
                    await call(worker, worker_tools.count, text="x" * 3_000_000, seconds=0.3)
                await until(functools.partial(is_gone, pid), "it lives")
                assert await call(worker, worker_tools.echo, text="well") == "well"

        asyncio.run(main())

    def test_a_process_that_cannot_be_replaced_now_is_replaced_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def no_more_files() -> None:
            raise OSError("too many open files")

        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                await call(worker, worker_tools.echo, text="warm")
                monkeypatch.setattr("agentframework.workers.groups.socket.socketpair", no_more_files)
                with pytest.raises(ToolTimeout):
                    await call(worker, worker_tools.nap, nap=5.0, seconds=0.2)
                monkeypatch.undo()
                assert await call(worker, worker_tools.echo, text="well") == "well"

        asyncio.run(main())
        assert "too many open files" in caplog.text

    def test_what_is_no_message_ends_the_process_and_its_call(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                with pytest.raises(ToolCrashed, match="what is no message"):
                    await call(worker, worker_tools.break_the_protocol)
                assert await call(worker, worker_tools.echo, text="well") == "well"

        asyncio.run(main())

    def test_the_process_that_forks_is_replaced_too(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                pid = await pid_of(worker)
                assert worker._nursery is not None
                assert worker._nursery._process is not None
                worker._nursery._process.kill()
                await until(functools.partial(is_gone, pid), "a worker outlives it")
                assert await call(worker, worker_tools.echo, text="well") == "well"

        asyncio.run(main())

    def test_the_next_event_loop_is_served_too(self) -> None:
        worker = ProcessWorker(ONE)
        pids = [asyncio.run(pid_of(worker)) for _ in range(2)]
        assert is_gone(pids[0]) or pids[0] != pids[1]
        asyncio.run(worker.stop())

    def test_two_event_loops_at_once_are_refused(self) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                await pid_of(worker)

                def elsewhere() -> None:
                    with pytest.raises(EngineDown, match="another event loop"):
                        asyncio.run(pid_of(worker))

                await asyncio.to_thread(elsewhere)

        asyncio.run(main())

    def test_log_lines_come_with_the_tools_name_and_no_more_than_enough(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def main() -> None:
            async with running(ProcessWorker(ONE)) as worker:
                await call(worker, worker_tools.chatter, lines=600)

        asyncio.run(main())
        lines = [record for record in caplog.records if record.name == "agentframework.tools.chatter"]
        assert len(lines) == 501
        assert lines[0].getMessage() == "agentframework.testing.worker_tools: line 0"
        assert "100 more log lines" in lines[-1].getMessage()


PROGRAM = """
import asyncio, os, sys, time
from agentframework import Tool, tool
from agentframework.errors import ToolDefinitionError
from agentframework.testing import worker_tools
from agentframework.workers.base import ToolSpec
from agentframework.workers.processes import ProcessWorker

worker = ProcessWorker()

def call(tool, seconds=20.0, **params):
    return worker.call(ToolSpec.of(tool), params, deadline=time.monotonic() + seconds, call_id="c")

"""


def program(text: str, *arguments: str) -> subprocess.Popen[str]:
    """A runtime of its own, whose main program has no guard."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM + textwrap.dedent(text), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )


def outcome_of(text: str) -> str:
    with program(text) as process:
        said, _ = process.communicate(timeout=25)
    assert process.returncode == 0
    return said.strip()


def wait_for_pid(path: Path) -> int:
    asyncio.run(until(lambda: path.exists() and bool(path.read_text()), "the tool has not begun"))
    return int(path.read_text())


class TestTheRuntime:
    def test_a_program_without_a_guard_runs_once_and_ends_without_a_stop(self) -> None:
        said = outcome_of("print(asyncio.run(call(worker_tools.echo, text='once')))")
        assert said == "once"

    def test_a_tool_of_the_main_program_is_refused_with_the_fix(self) -> None:
        said = outcome_of("""
            @tool
            def mine() -> str:
                "Mine."
                return "x"
            try:
                ToolSpec.of(mine)
            except ToolDefinitionError as error:
                print(error)
        """)
        assert "tool 'mine'" in said
        assert "is defined in the program that is run" in said
        assert "write it as a function of its own" in said

    def test_no_worker_survives_a_runtime_that_is_killed(self, tmp_path: Path) -> None:
        text = "asyncio.run(call(worker_tools.hang_in_c, started=sys.argv[1]))"
        with program(text, str(tmp_path / "pid")) as process:
            pid = wait_for_pid(tmp_path / "pid")
            process.kill()
        asyncio.run(until(lambda: is_gone(pid), "the worker survives"))

    def test_the_kernel_ends_a_worker_whose_runtime_stands_still(self, tmp_path: Path) -> None:
        text = "asyncio.run(call(worker_tools.hang_in_c, 3.0, started=sys.argv[1]))"
        with program(text, str(tmp_path / "pid")) as process:
            pid = wait_for_pid(tmp_path / "pid")
            process.send_signal(signal.SIGSTOP)
            try:
                asyncio.run(until(lambda: is_gone(pid), "the worker survives"))
            finally:
                process.kill()

    def test_the_process_that_forks_leaves_in_silence_whenever_its_workers_end(self) -> None:
        ours, theirs = socket.socketpair()
        worker, end = socket.socketpair()
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW_TO_LEAVE, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stderr=subprocess.PIPE,
        )
        with ours, theirs, worker, end, process:
            theirs.close()
            ours.sendall(frame({"init": {"tools": [], "log_level": logging.WARNING}}))
            assert ours.recv(1000)
            socket.send_fds(ours, [frame({"fork": 1, "memory_mb": None})], [end.fileno()])
            end.close()
            ours.shutdown(socket.SHUT_WR)
            _, said = process.communicate(timeout=20)
        assert (process.returncode, said) == (0, b"")

    def test_a_fork_of_the_runtime_leaves_its_workers_alone(self) -> None:
        said = outcome_of("""
            async def main():
                await call(worker_tools.echo, text="before")
                child = os.fork()
                if child == 0:
                    os._exit(0 if worker._nursery is None else 1)
                _, status = os.waitpid(child, 0)
                print(status, await call(worker_tools.echo, text="after"))
                await worker.stop()
            asyncio.run(main())
        """)
        assert said == "0 after"

    def test_a_fork_of_the_runtime_can_have_workers_of_its_own(self) -> None:
        said = outcome_of("""
            asyncio.run(call(worker_tools.echo, text="before"))
            child = os.fork()
            if child == 0:
                print(asyncio.run(call(worker_tools.echo, text="in the copy")), flush=True)
                sys.exit()
            os.waitpid(child, 0)
        """)
        assert said == "in the copy"


def test_processes_that_end_as_they_start_are_said_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    caplog.set_level(logging.CRITICAL)

    async def main() -> None:
        async with running(ProcessWorker(ONE)) as worker:
            with pytest.raises(EngineDown, match="has ended"):
                await call(worker, worker_tools.echo, text="nobody")
            assert not worker.health().is_up
            monkeypatch.undo()
            await until(lambda: worker.health().is_up, "it is not tried again")
            assert await call(worker, worker_tools.echo, text="well") == "well"

    asyncio.run(main())
