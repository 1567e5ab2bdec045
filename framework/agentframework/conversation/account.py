"""The account that a conversation is held with: our client, or any of the shape of the ElevenLabs SDK's."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from agentframework.errors import RestError
from agentframework.protocol.address import conversation_url
from agentframework.rest import Client
from agentframework.workers.threads import ThreadPool

__all__ = ["Account", "File"]

T = TypeVar("T")
File = bytes | str | os.PathLike[str]


class Account:
    """What a conversation asks its client for. The SDK's client blocks, so it is asked on threads of `pool`."""

    def __init__(self, client: Any, pool: ThreadPool) -> None:
        self._client = client
        self._pool = pool

    def public_url(self, agent_id: str, environment: str | None) -> str:
        """The address of a public agent."""
        if isinstance(self._client, Client):
            base = self._client.base_url
        else:
            base = str(self._client._client_wrapper.get_base_url())
        return conversation_url(base, agent_id, environment=environment)

    async def signed_url(self, agent_id: str, environment: str | None, branch_id: str | None) -> str:
        """The address of a private agent. Raises `RestError` and its kinds."""
        if isinstance(self._client, Client):
            return await self._client.get_signed_url(agent_id, environment=environment, branch_id=branch_id)
        asked = {"agent_id": agent_id, "environment": environment, "branch_id": branch_id}
        given = {name: value for name, value in asked.items() if value}

        def ask() -> Any:
            return self._client.conversational_ai.conversations.get_signed_url(**given)

        return await asyncio.wrap_future(self._in_pool(lambda: str(_asked("signed URL", ask).signed_url)))

    def upload(
        self, conversation_id: str, file: File, filename: str | None, content_type: str | None
    ) -> Future[str]:
        """Upload a file for this conversation; its id. The future may raise `RestError`, and OSError for a path."""
        client, file = self._client, Path(file) if isinstance(file, str) else file
        if isinstance(client, Client):
            return self._in_pool(
                lambda: asyncio.run(
                    client.upload_file(conversation_id, file, filename=filename, content_type=content_type)
                )
            )

        def upload() -> str:
            part = _part(file, filename, content_type)

            def ask() -> Any:
                return client.conversational_ai.conversations.files.create(conversation_id, file=part)

            return str(_asked("file uploaded", ask).file_id)

        return self._in_pool(upload)

    def _in_pool(self, function: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return  # from here on it cannot be cancelled, and so takes what comes
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001 - whoever waits is told, whatever it was
                future.set_exception(error)

        self._pool.submit(job)
        return future


def _asked(what: str, ask: Callable[[], Any]) -> Any:
    """In a worker: what a foreign client answers; an async one is run to its end."""
    try:
        answer = ask()
        return asyncio.run(_awaited(answer)) if inspect.isawaitable(answer) else answer
    except Exception as error:  # the SDK's own errors carry headers and bodies
        raise RestError(f"no {what}: the client given failed with {type(error).__name__}") from error


async def _awaited(pending: Awaitable[T]) -> T:
    return await pending


def _part(
    file: bytes | os.PathLike[str], filename: str | None, content_type: str | None
) -> tuple[str, bytes, str | None]:
    if isinstance(file, bytes):
        return filename or "file", file, content_type
    path = Path(file)
    return filename or path.name, path.read_bytes(), content_type
