"""The client against a real HTTP server: what is asked, what each answer means, and never with the key in sight."""

from __future__ import annotations

import asyncio
import http.client
import io
import ssl
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import trustme

from agentframework.errors import (
    AuthError,
    NotFoundError,
    RateLimitError,
    RestError,
    RestTimeoutError,
    ServerError,
)
from agentframework.protocol.address import REGIONS
from agentframework.rest import Client, RetryPolicy, get_signed_url
from agentframework.rest import files as files_module
from agentframework.rest.client import _signed_url_in
from agentframework.rest.exchange import Answer
from rest_stub import Platform, Reply, platform, serving

KEY = "canary-key-0123456789"
SIGNED = {"signed_url": "wss://example.test/v1/convai/conversation?agent_id=a&conversation_signature=s"}
ONCE = RetryPolicy(attempts=1)
CONVERSATION = "/v1/convai/conversations/conv_1"


def client_of(server: Platform, **options: Any) -> Client:
    return Client(KEY, server.url, **{"retries": ONCE, **options})


def ask(base_url: str, *, timeout: float = 5.0, **options: Any) -> str:
    client = Client(KEY, base_url, timeout=timeout, retries=ONCE)
    return asyncio.run(client.get_signed_url("agent_1", **options))


class TestSignedUrls:
    """`GET /v1/convai/conversation/get-signed-url` (protocol 1.4)."""

    def test_it_is_asked_for_with_the_key_in_the_header(self) -> None:
        with platform(200, SIGNED) as server:
            assert ask(server.url, environment="staging", branch_id="br 1") == SIGNED["signed_url"]
        path, headers = server.requests[0]
        assert path == (
            "/v1/convai/conversation/get-signed-url?agent_id=agent_1&environment=staging&branch_id=br+1"
        )
        assert headers["xi-api-key"] == KEY

    def test_all_that_the_platform_takes_can_be_asked_for(self) -> None:
        with platform(200, SIGNED) as server:
            ask(server.url, version_id="v&1", include_conversation_id=True, debug_events_request=True)
        assert server.requests[0][0].partition("?")[2] == (
            "agent_id=agent_1&version_id=v%261&include_conversation_id=true&debug_events_request=true"
        )

    def test_an_api_below_a_path_is_asked_there(self) -> None:
        with platform(200, SIGNED) as server:
            ask(f"{server.url}/proxy/")
        assert server.requests[0][0].startswith("/proxy/v1/convai/conversation/get-signed-url?")

    def test_it_can_be_asked_for_without_a_client(self) -> None:
        with platform(200, SIGNED) as server:
            assert asyncio.run(get_signed_url(server.url, KEY, "agent_1")) == SIGNED["signed_url"]

    def test_one_client_serves_several_loops_one_after_the_other(self) -> None:
        with platform(200, SIGNED) as server:
            client = client_of(server)
            for _ in range(3):
                assert asyncio.run(client.get_signed_url("agent_1")) == SIGNED["signed_url"]

    def test_without_a_key_nothing_is_sent(self) -> None:
        with platform(200, SIGNED) as server:
            with pytest.raises(AuthError, match="needs an API key"):
                asyncio.run(Client(None, server.url).get_signed_url("agent_1"))
            assert server.requests == []

    def test_the_library_is_loaded_beside_the_loop_and_not_on_it(self) -> None:
        program = """
import asyncio, sys, threading
from agentframework.rest import Client
loaded = []
sys.addaudithook(lambda event, args: event == "import" and loaded.append((args[0], threading.current_thread())))
asyncio.run(Client("key", sys.argv[1]).get_signed_url("agent_1"))
names = ("httpx2", "httpcore2", "anyio", "h11")
ours = [(name, thread) for name, thread in loaded if name.partition(".")[0] in names]
assert len(ours) > 50, ours
on_the_loop = [name for name, thread in ours if thread is threading.main_thread()]
assert not on_the_loop, on_the_loop
"""
        with platform(200, SIGNED) as server:
            command = [sys.executable, "-c", program, server.url]
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr


class TestAnswers:
    """Each status has its error."""

    @pytest.mark.parametrize(
        ("status", "body", "kind", "said"),
        [
            (401, {"detail": {"status": "invalid_api_key", "message": "x"}}, AuthError, "invalid_api_key"),
            (401, {"detail": {"status": "missing_permissions"}}, AuthError, "convai_write"),
            (403, {}, AuthError, "403"),
            (404, {"detail": {"status": "document_not_found"}}, NotFoundError, "no agent 'agent_1'"),
            (400, {"detail": "what is that"}, RestError, "answered 400 (what is that)"),
            (429, {"detail": {"status": "too_many"}}, RateLimitError, "answered 429 (too_many)"),
            (500, b"<html>", ServerError, "answered 500"),
            (503, b"\xff", ServerError, "answered 503"),
            (200, b"<html>", RestError, "holds none"),
            (200, b"[" * 100_000, RestError, "holds none"),
            (200, {"signed_url": "javascript:alert(1)"}, RestError, "holds none"),
            (200, {"signed_url": 7}, RestError, "holds none"),
            (200, [], RestError, "holds none"),
            (204, b"", RestError, "holds none"),
        ],
    )
    def test_each_refusal_has_its_type_and_its_words(
        self, status: int, body: object, kind: type[RestError], said: str
    ) -> None:
        with platform(status, body) as server, pytest.raises(RestError) as failed:
            ask(server.url)
        assert type(failed.value) is kind
        assert said in str(failed.value)
        assert failed.value.status == status
        assert KEY not in str(failed.value)
        assert KEY not in repr(failed.value)

    def test_a_validation_error_gives_the_place_and_the_message_but_not_the_input(self) -> None:
        problem = {
            "type": "missing",
            "loc": ["query", "agent_id"],
            "msg": "Field required",
            "input": "canary",
        }
        other = {"loc": ["body", "file", 0], "msg": "No", "input": {"a": "canary"}, "ctx": {"x": "canary"}}
        with platform(422, {"detail": [problem, "odd", other]}) as server, pytest.raises(RestError) as failed:
            ask(server.url)
        assert "answered 422 (query.agent_id: Field required; body.file.0: No)" in str(failed.value)
        assert "canary" not in str(failed.value)

    def test_of_many_validation_errors_the_first_three_are_told(self) -> None:
        problems = [{"loc": ["query", f"field_{number}"], "msg": "No"} for number in range(50)]
        with platform(422, {"detail": problems}) as server, pytest.raises(RestError) as failed:
            ask(server.url)
        assert str(failed.value).endswith("(query.field_0: No; query.field_1: No; query.field_2: No)")

    def test_an_error_that_repeats_the_key_does_not_get_it_into_ours(self) -> None:
        body = {"detail": {"message": f"the key {KEY}\nis wrong" + "!" * 1000}}
        with platform(401, body) as server, pytest.raises(AuthError) as failed:
            ask(server.url)
        assert "the key *** is wrong" in str(failed.value)
        assert len(str(failed.value)) < 500

    def test_where_the_key_went_over_tls_the_signature_does_not_go_without(self) -> None:
        plain = Answer(200, {}, b'{"signed_url": "ws://host/?conversation_signature=s"}')
        assert _signed_url_in(plain, "http://127.0.0.1:8000").startswith("ws://")
        with pytest.raises(RestError, match="holds none"):
            _signed_url_in(plain, "https://api.example.test")

    def test_a_redirect_to_another_host_does_not_get_the_key(self) -> None:
        with platform(200, SIGNED) as foreign:
            there = {"location": f"{foreign.url}/elsewhere?token=canary"}
            with serving(Reply(307, {}, there)) as server, pytest.raises(RestError) as failed:
                ask(server.url)
            assert foreign.requests == []
        assert f"sends on to {foreign.url}/elsewhere" in str(failed.value)
        assert "canary" not in str(failed.value)

    def test_what_the_environment_says_of_proxies_and_passwords_is_not_used(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password canary\n")
        netrc.chmod(0o600)
        with platform(200, {}) as proxy, platform(200, SIGNED) as server:
            for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv("NETRC", str(netrc))
            assert ask(server.url) == SIGNED["signed_url"]
            assert proxy.requests == []
        assert "authorization" not in server.requests[0][1]

    def test_an_answer_without_end_is_not_read_to_its_end(self) -> None:
        with platform(200, b"x" * (2 * 1024 * 1024)) as server:
            with pytest.raises(RestError, match="the answer is longer than 1048576 bytes"):
                ask(server.url)
            assert len(server.requests) == 1

    def test_a_server_that_does_not_answer_is_given_up_in_time(self) -> None:
        with platform(200, SIGNED, hang=True) as server:
            with pytest.raises(RestTimeoutError, match=r"no answer from http://\S+ within 0\.3 s"):
                ask(server.url, timeout=0.3)

    def test_a_server_that_is_not_there_is_said(self) -> None:
        with platform(200, SIGNED) as server:
            url = server.url
        with pytest.raises(RestError, match=r"cannot reach .*: nothing listens there") as failed:
            ask(url)
        assert failed.value.status is None

    def test_a_name_that_does_not_exist_is_said(self) -> None:
        with pytest.raises(RestError, match=r"cannot reach http://nowhere\.invalid: its name is not known"):
            ask("http://nowhere.invalid")

    def test_a_server_without_tls_is_said_and_not_asked_again(self) -> None:
        with platform(200, SIGNED) as server:
            client = Client(KEY, server.url.replace("http:", "https:"), retries=RetryPolicy(first_delay=0))
            with pytest.raises(RestError, match=r"cannot reach .*: no TLS connection") as failed:
                asyncio.run(client.get_signed_url("a"))
        assert "attempts" not in str(failed.value)
        assert isinstance(_root(failed.value), ssl.SSLError)


class TestTls:
    """Over TLS the server has to show who it is before the key is sent."""

    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def tls(self, authority: trustme.CA) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    def test_a_certificate_of_an_authority_that_the_system_trusts_will_do(
        self,
        authority: trustme.CA,
        tls: ssl.SSLContext,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        trusted = tmp_path / "authorities.pem"
        authority.cert_pem.write_to_path(trusted)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with serving(Reply(503), Reply(200, SIGNED), tls=tls) as server:
            assert server.url.startswith("https:")
            client = client_of(server, retries=RetryPolicy(first_delay=0))
            assert asyncio.run(client.get_signed_url("agent_1")) == SIGNED["signed_url"]
        assert [headers["xi-api-key"] for _, headers in server.requests] == [KEY, KEY]

    def test_another_certificate_is_refused_once_and_the_key_not_sent(self, tls: ssl.SSLContext) -> None:
        with serving(Reply(200, SIGNED), tls=tls) as server:
            client = client_of(server, retries=RetryPolicy(first_delay=0))
            with pytest.raises(RestError, match=r"cannot reach .*: its certificate is not trusted") as failed:
                asyncio.run(client.get_signed_url("agent_1"))
            assert server.requests == []
        assert "attempts" not in str(failed.value)
        assert isinstance(_root(failed.value), ssl.SSLCertVerificationError)


class TestFiles:
    """Files of a conversation (protocol 2.8)."""

    def test_bytes_are_uploaded_as_a_multipart_field(self) -> None:
        with platform(200, {"file_id": "f1"}) as server:
            client = client_of(server)
            file_id = asyncio.run(client.upload_file("conv_1", b"\x89PNG\r\n\x00", filename="a.png"))
        assert file_id == "f1"
        assert server.methods == ["POST"]
        path, headers = server.requests[0]
        assert path == f"{CONVERSATION}/files"
        assert headers["xi-api-key"] == KEY
        (part,) = _parts(headers, server.bodies[0])
        assert part.get_param("name", header="content-disposition") == "file"
        assert part.get_filename() == "a.png"
        assert part.get_content_type() == "image/png"
        assert part.get_payload(decode=True) == b"\x89PNG\r\n\x00"

    @pytest.mark.parametrize("kind", [str, Path])
    def test_a_path_brings_its_name_and_its_type(self, tmp_path: Path, kind: type[str | Path]) -> None:
        path = tmp_path / "räport.pdf"
        path.write_bytes(b"%PDF")
        with platform(200, {"file_id": "f1"}) as server:
            asyncio.run(client_of(server).upload_file("conv_1", kind(path)))
        (part,) = _parts(server.requests[0][1], server.bodies[0])
        assert part.get_content_type() == "application/pdf"
        assert part.get_payload(decode=True) == b"%PDF"
        assert 'filename="räport.pdf"'.encode() in server.bodies[0]

    def test_the_type_can_be_given_and_is_otherwise_bytes(self) -> None:
        with platform(200, {"file_id": "f1"}) as server:
            client = client_of(server)
            asyncio.run(client.upload_file("conv_1", b"x", filename="x.png", content_type="text/plain"))
            asyncio.run(client.upload_file("conv_1", b"x"))
        types = [
            part.get_content_type()
            for (_, headers), body in zip(server.requests, server.bodies, strict=True)
            for part in _parts(headers, body)
        ]
        assert types == ["text/plain", "application/octet-stream"]

    @pytest.mark.parametrize(
        ("file", "options", "said"),
        [
            (b"", {}, "'file' is empty"),
            (b"x" * 65, {}, "'file' has 65 bytes, and at most 64 are uploaded"),
            (b"x", {"filename": "a\r\nx-evil: 1"}, "control characters"),
            (b"x", {"content_type": "text/plain\r\nx-evil: 1"}, "is no content type"),
        ],
    )
    def test_what_cannot_be_sent_is_refused_before_anything_is_sent(
        self, monkeypatch: pytest.MonkeyPatch, file: bytes, options: dict[str, Any], said: str
    ) -> None:
        monkeypatch.setattr(files_module, "MAX_FILE_BYTES", 64)
        with platform(200, {"file_id": "f1"}) as server:
            with pytest.raises(ValueError, match=said):
                asyncio.run(client_of(server).upload_file("conv_1", file, **options))
            assert server.requests == []

    def test_a_path_that_is_no_file_or_too_large_is_not_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files_module, "MAX_FILE_BYTES", 64)
        large = tmp_path / "large"
        large.write_bytes(b"x" * 65)
        client = Client(KEY)
        with pytest.raises(FileNotFoundError):
            asyncio.run(client.upload_file("conv_1", tmp_path / "missing"))
        with pytest.raises(ValueError, match="is no ordinary file"):
            asyncio.run(client.upload_file("conv_1", tmp_path))
        with pytest.raises(ValueError, match="'large' has 65 bytes"):
            asyncio.run(client.upload_file("conv_1", large))

    def test_an_answer_without_an_id_is_an_error(self) -> None:
        with platform(200, {"file_id": None}) as server, pytest.raises(RestError, match="names no file_id"):
            asyncio.run(client_of(server).upload_file("conv_1", b"x"))

    def test_a_conversation_that_is_not_there_is_said(self) -> None:
        with platform(404, {}) as server, pytest.raises(NotFoundError, match="no conversation 'conv_1'"):
            asyncio.run(client_of(server).upload_file("conv_1", b"x"))

    def test_a_file_is_deleted_and_no_id_leads_elsewhere(self) -> None:
        with platform(200, {}) as server:
            client = client_of(server)
            asyncio.run(client.delete_file("conv_1", "f/../1?x#y"))
            for conversation_id, file_id in [("", "f"), ("conv_1", ""), ("..", "f"), ("conv_1", ".")]:
                with pytest.raises(ValueError, match="is no id"):
                    asyncio.run(client.delete_file(conversation_id, file_id))
        assert server.methods == ["DELETE"]
        assert server.requests[0][0] == f"{CONVERSATION}/files/f%2F..%2F1%3Fx%23y"


class TestFeedback:
    """A rating of the whole conversation (protocol 2.9)."""

    @pytest.mark.parametrize(
        ("said", "body"),
        [
            ({"feedback": "like"}, b'{"feedback":"like"}'),
            ({"rating": 0}, b'{"rating":0}'),
            ({"rating": 4, "comment": "quick"}, b'{"rating":4,"comment":"quick"}'),
        ],
    )
    def test_it_is_sent_in_one_of_its_two_forms(self, said: dict[str, Any], body: bytes) -> None:
        with platform(200, {}) as server:
            asyncio.run(client_of(server).send_feedback("conv_1", **said))
        assert (server.methods, server.requests[0][0]) == (["POST"], f"{CONVERSATION}/feedback")
        assert server.bodies == [body]

    @pytest.mark.parametrize("said", [{}, {"comment": "x"}, {"feedback": "like", "rating": 1}])
    def test_no_form_and_both_forms_are_refused(self, said: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="feedback is"):
            asyncio.run(Client(KEY).send_feedback("conv_1", **said))


class TestTheClientItself:
    """Where it goes, and what it shows."""

    def test_the_key_is_never_shown(self) -> None:
        client = Client(KEY, "https://api.example.test")
        assert KEY not in repr(client)
        assert "***" in repr(client)

    @pytest.mark.parametrize("key", ["sk_1\n", "sk 1", "sk_é", "sk_\x00"])
    def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(self, key: str) -> None:
        with pytest.raises(AuthError, match="copy it again") as failed:
            Client(key)
        assert "sk" not in str(failed.value)

    @pytest.mark.parametrize(("word", "url"), REGIONS.items())
    def test_a_region_stands_for_its_address(self, word: str, url: str) -> None:
        assert Client(KEY, region=word).base_url == url

    def test_an_unknown_region_is_told_the_nearest(self) -> None:
        with pytest.raises(
            ValueError, match=r"no region 'uss'; did you mean 'us'\?; there are: production, us"
        ):
            Client(KEY, region="uss")

    @pytest.mark.parametrize(
        ("base_url", "said"),
        [
            ("eu", r"did you mean region='eu'"),
            ("api.elevenlabs.io", "begins with https://"),
            ("ftp://api.elevenlabs.io", "begins with https://"),
            ("https://", "begins with https://"),
            ("https://host:port", "begins with https://"),
            ("https://[broken", "begins with https://"),
            ("https://u:canary@host", "no user, no password"),
            ("https://host?token=canary", "nothing from"),
        ],
    )
    def test_an_address_that_is_none_is_refused_without_repeating_it(self, base_url: str, said: str) -> None:
        with pytest.raises(ValueError, match=said) as failed:
            Client(KEY, base_url)
        assert "canary" not in str(failed.value)

    def test_a_region_and_an_address_are_one_too_many(self) -> None:
        with pytest.raises(ValueError, match="not both"):
            Client(KEY, "https://host", region="eu")

    @pytest.mark.parametrize("times", [{"timeout": 0}, {"timeout": float("nan")}, {"attempt_timeout": -1}])
    def test_a_time_out_is_a_time(self, times: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="above 0"):
            Client(KEY, **times)  # type: ignore[arg-type]


def _root(error: BaseException) -> BaseException:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return error


def _parts(headers: dict[str, str], body: bytes) -> list[Any]:
    head = f"content-type: {headers['content-type']}\r\n\r\n".encode()
    assert http.client.parse_headers(io.BytesIO(head)).get_content_type() == "multipart/form-data"
    payload = message_from_bytes(head + body).get_payload()
    assert isinstance(payload, list)
    return payload
