"""An account of the platform: signed URLs for private agents, files and feedback, and the tools of agents."""

from __future__ import annotations

import os
from typing import Literal

from agentframework.errors import RestError
from agentframework.rest.account import path_of
from agentframework.rest.exchange import Answer
from agentframework.rest.failures import Call, read_json
from agentframework.rest.files import read_upload
from agentframework.rest.tools import ToolAccount

__all__ = ["Client", "get_signed_url"]

_SIGNED_URL_PATH = "/v1/convai/conversation/get-signed-url"
_UPLOAD_TIMEOUT = 120.0


class Client(ToolAccount):
    """An account of the platform: an API key, and where its REST API is.

    Takes the place of the ElevenLabs SDK's client for a `Conversation`. `region` is a word instead of `base_url`:
    "us", "eu", "in", "sg", or "production" for the nearest one. The key is never shown. `api_key` may be None for
    public agents. No call takes longer than `timeout` seconds with all its attempts; `attempt_timeout` is what each
    of them may take, by default 0.4 of that, and `retries` says how often and when it is made again.

    Every method may be awaited on any asyncio loop. Raises ValueError for an address or a region that is none, and
    `AuthError` for a key that no header can carry.
    """

    async def get_signed_url(
        self,
        agent_id: str,
        *,
        environment: str | None = None,
        branch_id: str | None = None,
        version_id: str | None = None,
        include_conversation_id: bool = False,
        debug_events_request: bool = False,
    ) -> str:
        """An address that lets one start conversations with a private agent for 15 minutes (protocol 1.4).

        With `include_conversation_id` it is good for a single conversation, whose id it holds.
        `debug_events_request` asks for debug events, and needs a key whose owner may edit the agent. Raises
        `AuthError` where the key is missing, wrong or may not, `NotFoundError` where there is no such agent, and
        `RestError` for anything else.
        """
        query = {
            "agent_id": agent_id,
            "environment": environment,
            "branch_id": branch_id,
            "version_id": version_id,
            "include_conversation_id": "true" if include_conversation_id else None,
            "debug_events_request": "true" if debug_events_request else None,
        }
        call = Call(
            self._request(
                "GET",
                _SIGNED_URL_PATH,
                needed_for="a private agent",
                query={name: value for name, value in query.items() if value},
            ),
            failed="no signed URL",
            missing=f"there is no agent {agent_id!r}" + (f" with branch {branch_id!r}" if branch_id else ""),
        )
        answer = await self._successful(call, is_idempotent=True)
        return _signed_url_in(answer, self.base_url)

    async def upload_file(
        self,
        conversation_id: str,
        file: bytes | str | os.PathLike[str],
        *,
        filename: str | None = None,
        content_type: str | None = None,
        timeout: float = _UPLOAD_TIMEOUT,
    ) -> str:
        """Upload a file for a running conversation; its id, for `send_multimodal_message` (protocol 2.8).

        `file` is its bytes or its path; at most 32 MiB are taken. The agent must take files
        (`conversation.file_input.enabled`). An upload is sent again only where the server cannot have taken it the
        first time. Raises OSError and ValueError for the file, and otherwise as `get_signed_url` does.
        """
        upload = await read_upload(file, filename, content_type)
        call = Call(
            self._request(
                "POST",
                path_of("conversations", conversation_id, "files"),
                needed_for="an upload",
                file=upload,
            ),
            failed="the file was not uploaded",
            missing=f"there is no conversation {conversation_id!r}",
        )
        answer = await self._successful(call, is_idempotent=False, timeout=timeout)
        file_id = _text_in(answer, "file_id")
        if not file_id:
            raise RestError("the file was not uploaded: the answer names no file_id", status=answer.status)
        return file_id

    async def delete_file(self, conversation_id: str, file_id: str) -> None:
        """Take back a file that was uploaded and not yet sent (protocol 2.8). Raises as `get_signed_url` does."""
        call = Call(
            self._request(
                "DELETE",
                path_of("conversations", conversation_id, "files", file_id),
                needed_for="the deletion of a file",
            ),
            failed="the file was not deleted",
            missing=f"there is no file {file_id!r} in the conversation {conversation_id!r}",
        )
        await self._successful(call, is_idempotent=True)

    async def send_feedback(
        self,
        conversation_id: str,
        feedback: Literal["like", "dislike"] | None = None,
        *,
        rating: int | None = None,
        comment: str | None = None,
    ) -> None:
        """Rate a whole conversation after its end: "like" or "dislike", or a number, with a comment (protocol 2.9).

        Raises ValueError where there is neither or both, and otherwise as `get_signed_url` does.
        """
        if (feedback is None) == (rating is None) or (comment is not None and rating is None):
            raise ValueError('feedback is "like", "dislike", or a rating with or without a comment')
        said = {"feedback": feedback, "rating": rating, "comment": comment}
        call = Call(
            self._request(
                "POST",
                _path(conversation_id, "feedback"),
                needed_for="feedback",
                json={name: value for name, value in said.items() if value is not None},
            ),
            failed="the feedback was not sent",
            missing=f"there is no conversation {conversation_id!r}",
        )
        await self._successful(call, is_idempotent=False)


async def get_signed_url(
    base_url: str,
    api_key: str,
    agent_id: str,
    *,
    environment: str | None = None,
    branch_id: str | None = None,
    timeout: float = 10.0,
) -> str:
    """As `Client.get_signed_url`, for those who have no client."""
    client = Client(api_key, base_url, timeout=timeout)
    return await client.get_signed_url(agent_id, environment=environment, branch_id=branch_id)


def _path(conversation_id: str, *segments: str) -> str:
    return path_of("conversations", conversation_id, *segments)


def _signed_url_in(answer: Answer, base_url: str) -> str:
    signed = _text_in(answer, "signed_url")
    # for its time a signature is as good as a key: where the key went over TLS, it does not go without
    schemes = ("wss://",) if base_url.startswith("https:") else ("wss://", "ws://")
    if signed is None or not signed.startswith(schemes):
        raise RestError("no signed URL: the answer holds none", status=answer.status)
    return signed


def _text_in(answer: Answer, name: str) -> str | None:
    body = read_json(answer)
    text = body.get(name) if isinstance(body, dict) else None
    return text if isinstance(text, str) else None
