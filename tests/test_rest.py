"""Signed URLs from a real HTTP server: given, refused, missing, too late, and never with the key in sight."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from agentframework.errors import AuthError, NotFoundError, RestError
from agentframework.rest import Client
from rest_stub import platform

KEY = "canary-key-0123456789"
SIGNED = {"signed_url": "wss://example.test/v1/convai/conversation?agent_id=a&conversation_signature=s"}


def ask(base_url: str, *, timeout: float = 5.0, **options: Any) -> str:
    client = Client(KEY, base_url, timeout=timeout)
    return asyncio.run(client.get_signed_url("agent_1", **options))


def test_a_signed_url_is_asked_for_with_the_key_in_the_header() -> None:
    with platform(200, SIGNED) as server:
        assert ask(server.url, environment="staging", branch_id="br 1") == SIGNED["signed_url"]
    path, headers = server.requests[0]
    assert path == (
        "/v1/convai/conversation/get-signed-url?agent_id=agent_1&environment=staging&branch_id=br+1"
    )
    assert headers["xi-api-key"] == KEY


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, {"detail": {"status": "invalid_api_key", "message": "x"}}, AuthError, "invalid_api_key"),
        (401, {"detail": {"status": "missing_permissions"}}, AuthError, "convai_write"),
        (403, {}, AuthError, "403"),
        (404, {"detail": {"status": "document_not_found"}}, NotFoundError, "no agent 'agent_1'"),
        (422, {"detail": [{"loc": ["query"], "msg": "x"}]}, RestError, "answered 422"),
        (500, b"<html>", RestError, "answered 500"),
        (200, b"<html>", RestError, "holds none"),
        (200, {"signed_url": "javascript:alert(1)"}, RestError, "holds none"),
        (200, [], RestError, "holds none"),
    ],
)
def test_each_refusal_has_its_type_and_its_words(
    status: int, body: object, kind: type[RestError], said: str
) -> None:
    with platform(status, body) as server, pytest.raises(kind) as failed:
        ask(server.url)
    assert said in str(failed.value)
    assert failed.value.status == status
    assert KEY not in str(failed.value)
    assert KEY not in repr(failed.value)


def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    with platform(200, SIGNED, hang=True) as server, pytest.raises(RestError, match=r"within 0\.2 s"):
        ask(server.url, timeout=0.2)


def test_a_server_that_is_not_there_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(RestError, match="cannot reach"):
        ask(f"http://127.0.0.1:{port}")


def test_without_a_key_nothing_is_sent() -> None:
    with platform(200, SIGNED) as server:
        with pytest.raises(AuthError, match="needs an API key"):
            asyncio.run(Client(None, server.url).get_signed_url("agent_1"))
        assert server.requests == []


def test_the_key_is_never_shown() -> None:
    client = Client(KEY, "https://api.example.test")
    assert KEY not in repr(client)
    assert "***" in repr(client)
