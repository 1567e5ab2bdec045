"""Drives a client program of tests/clients: commands go in and what happened comes out, in lines of JSON.

A program takes one command a line: `start` opens a conversation, `call` calls one of its methods, and whatever else
the program knows. Each line that it tells names its event and the conversation that it belongs to. One process holds
many conversations, one after another, because starting it takes most of the time.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["CLIENTS", "ForeignClient", "ForeignConversation", "Told"]

CLIENTS = Path(__file__).resolve().parent / "clients"
PATIENCE = 15.0

Told = dict[str, Any]


class ForeignClient:
    """A running client program. What it writes on standard error is kept, and shown where it ends or says nothing."""

    def __init__(self, command: Sequence[str | Path], *, cwd: Path | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._told: dict[int, list[Told]] = {}
        self._errors: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._ids = count(1)
        self._readers = [
            threading.Thread(target=self._read, name="client-events", daemon=True),
            threading.Thread(target=self._read_errors, name="client-errors", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            with self._changed:
                self._told.setdefault(event.pop("conversation"), []).append(event)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def conversation(self) -> ForeignConversation:
        """A new conversation, not yet started."""
        return ForeignConversation(self, next(self._ids))

    def command(self, conversation: int, do: str, **arguments: Any) -> None:
        """Have the program do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"conversation": conversation, "do": do, **arguments}) + "\n")
        self._process.stdin.flush()

    def told(self, conversation: int) -> list[Told]:
        """What was told of that conversation so far."""
        with self._changed:
            return list(self._told.get(conversation, ()))

    def wait_for(self, conversation: int, event: str, number: int) -> Told:
        """The event of that kind and number, counted from 1; blocks until it is there."""

        def found() -> list[Told]:
            return [line for line in self._told.get(conversation, ()) if line["event"] == event]

        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(found()) >= number, PATIENCE)
            assert len(found()) >= number, (
                f"{event} number {number} did not come; told: {self._told.get(conversation)}; "
                f"standard error: {''.join(self._errors)}"
            )
            return found()[number - 1]


class ForeignConversation:
    """One conversation of a client program, from the test's side."""

    def __init__(self, client: ForeignClient, number: int) -> None:
        self._client = client
        self._number = number
        self._seen: dict[str, int] = {}

    def start(self, **options: Any) -> None:
        """Have it open the conversation."""
        self._client.command(self._number, "start", **options)

    def do(self, command: str, **arguments: Any) -> None:
        """Have it do something else."""
        self._client.command(self._number, command, **arguments)

    async def call(self, method: str, *arguments: Any, **named: Any) -> None:
        """Have it call a method of its conversation object, and wait until that has returned."""
        self._client.command(self._number, "call", method=method, arguments=arguments, named=named)
        answer = await self.next("called")
        assert (answer["method"], answer["error"]) == (method, None)

    async def next(self, event: str) -> Told:
        """The next event of that kind, waited for."""
        self._seen[event] = self._seen.get(event, 0) + 1
        return await asyncio.to_thread(self._client.wait_for, self._number, event, self._seen[event])

    def all(self, event: str) -> list[Told]:
        """What is known so far of one kind of event."""
        return [line for line in self._client.told(self._number) if line["event"] == event]

    def events(self) -> list[str]:
        """The kinds of all events so far, in their order."""
        return [line["event"] for line in self._client.told(self._number)]
