"""`agentframework local-agent`: the local agent alone, for any client that speaks the protocol."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from agentframework.cli.failures import CONVERSATION_FAILED, FINE, say
from agentframework.cli.interrupts import Interrupts
from agentframework.cli.phrases import flat
from agentframework.cli.streams import silence_stdout
from agentframework.localagent.events import AgentEvent
from agentframework.localagent.script import load_script
from agentframework.localagent.server import LocalAgent
from agentframework.localagent.voice import VoiceChoice

__all__ = ["serve"]


def serve(
    host: str,
    port: int,
    script: Path | None,
    *,
    strict: bool,
    voice: VoiceChoice = "tone",
    transcribe: Sequence[str] = (),
) -> int:
    """Serve until Ctrl-C or SIGTERM; what happens is written to stdout, a line each.

    Raises `ScriptError` before it listens. The exit code is 1 where it cannot listen, else 0.
    """
    loaded = load_script(script) if script is not None else None
    agent = LocalAgent(
        script=loaded,
        strict=strict,
        host=host,
        port=port,
        on_event=_show,
        voice=voice,
        transcribe=transcribe,
    )
    return asyncio.run(_serve(agent, f"{host}:{port}"))


async def _serve(agent: LocalAgent, place: str) -> int:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    with Interrupts(lambda: _call(loop, asked)).caught():
        try:
            url = await agent.start()
        except OSError as error:
            say(f"error: cannot listen on {place}: {_reason(error)}")
            return CONVERSATION_FAILED
        _print(f"listening on {url}")
        await asked.wait()
        await agent.stop()
    return FINE


def _call(loop: asyncio.AbstractEventLoop, asked: asyncio.Event) -> None:
    loop.call_soon_threadsafe(asked.set)


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno is None:
        return (error.strerror or str(error)).lower()
    return os.strerror(error.errno).lower()


def _show(event: AgentEvent) -> None:
    _print(f"{event.conversation_id}: {event.kind.value}: {flat(event.text)}")


def _print(line: str) -> None:
    try:
        print(line, flush=True)  # noqa: T201 - that is what the server says
    except BrokenPipeError:
        silence_stdout()  # whoever wanted the address alone has it, and the server goes on
