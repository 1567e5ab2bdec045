"""The REST calls around a conversation: a signed URL for a private agent."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from agentframework.errors import AuthError, NotFoundError, RestError

if TYPE_CHECKING:
    import httpx2

__all__ = ["Client", "get_signed_url"]

_SIGNED_URL_PATH = "/v1/convai/conversation/get-signed-url"


class Client:
    """An account of the platform: an API key, and where its REST API is.

    Takes the place of the ElevenLabs SDK's client for a `Conversation`. The key is never shown. `api_key` may be
    None for public agents; `timeout` is in seconds, for each request.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str = "https://api.elevenlabs.io",
        *,
        timeout: float = 10.0,
    ) -> None:
        self.base_url = base_url
        self.timeout = timeout
        self._api_key = api_key

    def __repr__(self) -> str:
        return f"Client(api_key={'***' if self._api_key else None}, base_url={self.base_url!r})"

    async def get_signed_url(
        self, agent_id: str, *, environment: str | None = None, branch_id: str | None = None
    ) -> str:
        """An address that lets one start conversations with a private agent for 15 minutes (protocol 1.4).

        Raises `AuthError` where the key is missing, wrong or may not, `NotFoundError` where there is no such
        agent, and `RestError` for anything else. Belongs on any asyncio loop.
        """
        if not self._api_key:
            raise AuthError(
                "a private agent needs an API key", hint='set api_key = { env = "ELEVENLABS_API_KEY" }'
            )
        return await get_signed_url(
            self.base_url,
            self._api_key,
            agent_id,
            environment=environment,
            branch_id=branch_id,
            timeout=self.timeout,
        )


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
    import httpx2  # imported here: only a private agent needs it, and it takes its time

    query = {"agent_id": agent_id, "environment": environment, "branch_id": branch_id}
    url = base_url.rstrip("/") + _SIGNED_URL_PATH
    verify: ssl.SSLContext | bool = False
    if url.startswith("https:"):
        verify = await asyncio.to_thread(ssl.create_default_context)
    async with httpx2.AsyncClient(timeout=timeout, verify=verify, trust_env=False) as http:
        try:
            response = await http.get(
                url,
                params={name: value for name, value in query.items() if value},
                headers={"xi-api-key": api_key},
            )
        except httpx2.TimeoutException as error:
            raise RestError(f"no signed URL: no answer from {base_url} within {timeout:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise RestError(f"no signed URL: cannot reach {base_url} ({type(error).__name__})") from error
    return _read(response, agent_id)


def _read(response: httpx2.Response, agent_id: str) -> str:
    status = response.status_code
    body = _json(response)
    said = _detail(body)
    if status == 200:
        signed = body.get("signed_url") if isinstance(body, dict) else None
        if isinstance(signed, str) and signed.startswith(("ws://", "wss://")):
            return signed
        raise RestError("no signed URL: the answer holds none", status=status)
    if status in (401, 403):
        hint = (
            "the key needs the permission convai_write"
            if "permission" in said
            else "look at the API key and whose account it belongs to"
        )
        raise AuthError(
            f"no signed URL: the API key was refused ({said or status})", status=status, hint=hint
        )
    if status == 404:
        raise NotFoundError(
            f"no signed URL: there is no agent {agent_id!r}", status=status, hint="look at [agent] id"
        )
    raise RestError(
        f"no signed URL: the server answered {status}" + (f" ({said})" if said else ""), status=status
    )


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _detail(body: Any) -> str:
    """The short word that an error's body gives for itself, never more than a line of it (protocol 1.4)."""
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, dict):
        detail = detail.get("status") or detail.get("message")
    return detail[:100] if isinstance(detail, str) else ""
