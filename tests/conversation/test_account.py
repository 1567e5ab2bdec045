"""The account of a conversation: signed addresses and files, by our client or the SDK's own."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent
from agentframework import AuthError, Client, NotFoundError, RestError, SessionEndedError, StartError
from doors import Door, a_door, base_of
from rest_stub import Reply, platform, serving


class Foreign:
    """A client of the SDK's shape, plain or async; what it is asked for, and on which thread."""

    def __init__(self, url: str, *, is_async: bool = False, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.threads: set[str] = set()
        self._url = url
        self._error = error

        def plain(method: str, answer: Any) -> Any:
            def call(*args: Any, **named: Any) -> Any:
                return self._answer(method, answer, *args, **named)

            async def acall(*args: Any, **named: Any) -> Any:
                return self._answer(method, answer, *args, **named)

            return acall if is_async else call

        signed = SimpleNamespace(signed_url=f"{url}?agent_id=agent_1&conversation_signature=s")
        files = SimpleNamespace(create=plain("create", SimpleNamespace(file_id="f1")))
        conversations = SimpleNamespace(get_signed_url=plain("get_signed_url", signed), files=files)
        self.conversational_ai = SimpleNamespace(conversations=conversations)
        self._client_wrapper = SimpleNamespace(get_base_url=lambda: base_of(url))

    def _answer(self, method: str, answer: Any, *args: Any, **named: Any) -> Any:
        if self._error is not None:
            raise self._error
        self.threads.add(threading.current_thread().name.rsplit("-", 1)[0])
        self.asked.append((method, args, named))
        return answer


async def accept(peer: Peer) -> str:
    """Accept the conversation and hold it; the path that was asked for."""
    assert peer.connection.request is not None
    await peer.open()
    await peer.until_closed()
    return peer.connection.request.path


@pytest.mark.parametrize("is_async", [False, True])
def test_the_sdks_client_is_asked_in_a_worker_for_no_more_than_was_given(door: Door, is_async: bool) -> None:
    with agent(accept) as served:
        foreign = Foreign(served.url, is_async=is_async)
        door.make(served.url, client=foreign, requires_auth=True, branch_id="br_1", environment="staging")
        door.start()
        door.end()
        assert served.wait().endswith("?agent_id=agent_1&conversation_signature=s")
    given = {"agent_id": "agent_1", "environment": "staging", "branch_id": "br_1"}
    assert foreign.asked == [("get_signed_url", (), given)]
    assert foreign.threads == {"agentframework-handler"}


def test_the_sdks_client_says_where_a_public_agent_is(door: Door) -> None:
    with agent(accept) as served:
        door.make(served.url, client=Foreign(served.url))
        door.start()
        door.end()
        assert served.wait() == "/v1/convai/conversation?agent_id=agent_1"


def test_what_the_sdks_client_raises_is_a_rest_error_without_its_words(door: Door) -> None:
    foreign = Foreign("ws://127.0.0.1:1/v1/", error=ValueError("canary in a header"))
    door.make("ws://127.0.0.1:1/v1/", client=foreign, requires_auth=True)
    with pytest.raises(RestError, match="no signed URL: the client given failed with ValueError") as raised:
        door.start()
    assert "canary" not in str(raised.value)
    assert door.wait() is None


def test_our_client_asks_for_the_branch_and_the_environment(door: Door) -> None:
    with (
        agent(accept) as served,
        platform(200, {"signed_url": served.url + "?conversation_signature=s"}) as server,
    ):
        client = Client("key", server.url)
        door.make(served.url, client=client, requires_auth=True, branch_id="br_1", environment="staging")
        door.start()
        door.end()
        assert served.wait().endswith("conversation_signature=s")
    [(path, headers)] = server.requests
    assert "branch_id=br_1" in path
    assert "environment=staging" in path
    assert headers["xi-api-key"] == "key"


@pytest.mark.parametrize(("status", "kind"), [(401, AuthError), (404, NotFoundError)])
def test_a_refused_signed_url_is_a_typed_error_of_the_start(
    door: Door, status: int, kind: type[RestError]
) -> None:
    with platform(status, {}) as server:
        door.make("ws://127.0.0.1:1/v1/", client=Client("key", server.url), requires_auth=True)
        with pytest.raises(kind):
            door.start()
        assert door.wait() is None


def test_a_time_without_an_answer_of_the_platform_ends_the_start(door: Door) -> None:
    with platform(200, {}, hang=True) as server:
        client = Client("key", server.url)
        door.make("ws://127.0.0.1:1/v1/", client=client, requires_auth=True, connect_timeout=0.2)
        with pytest.raises(StartError, match=r"no connection within 0\.2 s"):
            door.start()


def test_a_file_is_uploaded_and_sent(door: Door, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG of the test")

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open()
        return await peer.receive()

    with agent(scenario) as served:
        signed = Reply(200, {"signed_url": served.url + "?conversation_signature=s"})
        with serving(signed, *(Reply(200, {"file_id": f"f{number}"}) for number in (1, 2, 3))) as server:
            door.make(served.url, client=Client("key", server.url), requires_auth=True)
            with pytest.raises(SessionEndedError, match="has not started"):
                door.call("upload_file", path)
            door.start()
            files = [door.call("upload_file", path), door.call("upload_file", str(path))]
            files.append(door.call("upload_file", b"notes", filename="a.txt", content_type="text/plain"))
            door.call("send_multimodal_message", "What is this?", file_ids=files)
            message = served.wait()
    assert files == ["f1", "f2", "f3"]
    assert [file["file_id"] for file in message["files"]] == files
    assert [path for path, _ in server.requests[1:]] == ["/v1/convai/conversations/conv_1/files"] * 3
    assert b'filename="photo.png"' in server.bodies[1]
    assert b"\x89PNG of the test" in server.bodies[2]
    assert b'filename="a.txt"' in server.bodies[3]
    assert b"text/plain" in server.bodies[3]


@pytest.mark.parametrize("is_async", [False, True])
def test_the_sdks_client_uploads_as_well(door: Door, tmp_path: Path, is_async: bool) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG")
    with agent(accept) as served:
        foreign = Foreign(served.url, is_async=is_async)
        door.make(served.url, client=foreign)
        door.start()
        assert door.call("upload_file", path) == "f1"
        assert door.call("upload_file", b"notes", filename="a.txt", content_type="text/plain") == "f1"
        door.end()
        door.wait()
    parts = [named["file"] for _, _, named in foreign.asked]
    assert [(method, args) for method, args, _ in foreign.asked] == [("create", ("conv_1",))] * 2
    assert parts == [("photo.png", b"\x89PNG", None), ("a.txt", b"notes", "text/plain")]


def test_an_upload_that_fails_is_told_to_whoever_uploads_and_ends_nothing(door: Door, tmp_path: Path) -> None:
    with agent(accept) as served:
        door.make(served.url, client=Foreign(served.url))
        door.start()
        with pytest.raises(FileNotFoundError):
            door.call("upload_file", tmp_path / "nowhere.png")
        door.conversation._account._client._error = ValueError("canary")
        with pytest.raises(RestError, match="no file uploaded: the client given failed with ValueError"):
            door.call("upload_file", b"x")
        door.call("send_user_message", "still here")


def test_an_end_while_the_sdks_client_is_asked_waits_for_nothing_and_is_no_fault(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    asked, release, answered = threading.Event(), threading.Event(), threading.Event()

    def get_signed_url(**named: Any) -> SimpleNamespace:
        asked.set()
        release.wait(PATIENCE)
        answered.set()
        return SimpleNamespace(signed_url="ws://127.0.0.1:1/")

    foreign = Foreign("ws://127.0.0.1:1/v1/")
    foreign.conversational_ai.conversations.get_signed_url = get_signed_url
    door.make("ws://127.0.0.1:1/v1/", client=foreign, requires_auth=True)
    threading.Thread(target=lambda: (asked.wait(PATIENCE), door.conversation.end_session())).start()
    with pytest.raises(StartError, match="ended before it had started"):
        door.start()
    assert not answered.is_set()
    release.set()
    assert answered.wait(PATIENCE)
    assert door.wait() is None
    assert "failed" not in caplog.text


def test_an_upload_that_is_cancelled_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    uploading, release = threading.Event(), threading.Event()

    def create(*args: Any, **named: Any) -> SimpleNamespace:
        uploading.set()
        release.wait(PATIENCE)
        return SimpleNamespace(file_id="f1")

    with agent(accept) as served, a_door("async") as door:
        foreign = Foreign(served.url)
        foreign.conversational_ai.conversations.files.create = create
        door.make(served.url, client=foreign)
        door.start()

        async def program() -> None:
            upload = asyncio.ensure_future(door.conversation.upload_file(b"x"))
            await asyncio.to_thread(uploading.wait, PATIENCE)
            upload.cancel()
            await asyncio.wait([upload])
            assert upload.cancelled()
            release.set()
            await door.conversation.send_user_message("still here")

        door.run(program())
        door.end()
        assert door.wait() == "conv_1"
    assert "failed" not in caplog.text
