"""What is secret is in no text that the redactor has seen."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.redaction import RedactingFilter, Redactor, safe_url

CANARY = 'sk_7f3a/"canary"\\+é\nline two'


@pytest.mark.parametrize(
    "encode",
    [
        str,
        json.dumps,
        lambda secret: json.dumps(secret, ensure_ascii=False),
        repr,
        quote,
        lambda secret: quote(secret, safe=""),
        lambda secret: re.sub("%..", lambda match: match.group().lower(), quote(secret, safe="")),
        quote_plus,
        lambda secret: urlencode({"q": secret}),
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.b64encode(b"user:" + secret.encode()).decode(),
        lambda secret: base64.urlsafe_b64encode(b"x" + secret.encode() + b"yz").decode(),
    ],
)
def test_a_known_secret_is_found_however_it_is_written(encode: Callable[[str], str]) -> None:
    written = encode(CANARY)
    redacted = Redactor([CANARY]).text(f"before {written} after")
    assert "***" in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")
    assert len(redacted) < len(f"before {written[:20]} after"), "no more is left than what stands around it"


@given(st.lists(st.text('abc%/+ "\\é', min_size=4, max_size=12), max_size=4), st.text('abc%/+ "\\é'))
def test_no_known_secret_is_left_in_any_text(secrets: list[str], text: str) -> None:
    redacted = Redactor(secrets).text("".join([text, *secrets, text]))
    assert not any(secret in redacted for secret in secrets)


def test_a_secret_inside_a_longer_one_does_not_save_the_rest_of_it() -> None:
    assert Redactor(["abcd", "xxabcdyy"]).text("xxabcdyy, abcd") == "***, ***"


def test_a_value_of_three_characters_is_not_taken_out_of_every_word() -> None:
    assert Redactor(["the", ""]).text("the weather") == "the weather"


def test_a_secret_can_be_added_later() -> None:
    redactor = Redactor()
    redactor.add("cvtkn_later")
    assert redactor.text("got cvtkn_later") == "got ***"
    assert "cvtkn" not in repr(redactor)


def test_the_texts_of_a_value_are_redacted_at_any_depth_and_the_rest_stays() -> None:
    value = {"pin": "of 1234567", "n": [1234567, None, True, {"1234567": ["1234567"]}]}
    assert Redactor(["1234567"]).value(value) == {
        "pin": "of ***",
        "n": [1234567, None, True, {"***": ["***"]}],
    }


def test_a_text_without_secrets_comes_back_as_it_is() -> None:
    text = "connected to wss://api.elevenlabs.io/v1/convai/conversation"
    assert Redactor(["something"]).text(text) is text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (
            "wss://h/p?agent_id=a&conversation_signature=cvtkn_x&b=2",
            "wss://h/p?agent_id=a&conversation_signature=***&b=2",
        ),
        (
            "next=%2Fp%3Fconversation_signature%3Dcv%26b%3D2",
            "next=%2Fp%3Fconversation_signature%3D***%26b%3D2",
        ),
        ("https://h/?token=t0k3n", "https://h/?token=***"),
        ("https://h/?xi-api-key=sk_1&x=1", "https://h/?xi-api-key=***&x=1"),
        ("?api_key=sk_1", "?api_key=***"),
        ("?access_token=abc", "?access_token=***"),
        ("xi-api-key: sk_1", "xi-api-key: ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("authorization: opaque", "authorization: ***"),
        ("{'xi-api-key': 'sk_1', 'n': 1}", "{'xi-api-key': '***', 'n': 1}"),
        ('{"authorization":"Bearer a"}', '{"authorization":"Bearer ***"}'),
        ('{\\"api_key\\":\\"sk_1\\"}', '{\\"api_key\\":\\"***\\"}'),
        ("[(b'Authorization', b'Bearer x')]", "[(b'Authorization', b'Bearer ***')]"),
        ("Client(api_key='sk_1', n=2)", "Client(api_key='***', n=2)"),
        ('{"url":"https://h","hmac_secret":"0123456789abcdef"}', '{"url":"https://h","hmac_secret":"***"}'),
        ("PostCallWebhook(url='u', hmac_secret='0123')", "PostCallWebhook(url='u', hmac_secret='***')"),
        ('{"name":"Ann","secret__pin":"12 34","n":5}', '{"name":"Ann","secret__pin":"***","n":5}'),
        ("{'secret__pin': 1234, 'n': 5}", "{'secret__pin': ***, 'n': 5}"),
        ('{\\"secret__pin\\":-1.5e+3}', '{\\"secret__pin\\":***}'),
        ("https://h/?secret__pin=1234&n=5", "https://h/?secret__pin=***&n=5"),
        ("Sec-WebSocket-Protocol: convai, bearer.eyJ0", "Sec-WebSocket-Protocol: convai, bearer.***"),
        ("sent Bearer eyJhbGciOi.abc", "sent Bearer ***"),
    ],
)
def test_what_stands_under_a_name_for_secrets_is_taken_out(text: str, redacted: str) -> None:
    assert Redactor().text(text) == redacted
    assert Redactor().text(redacted) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=100",
        "the token is missing",
        "unexpected token: }",
        "Bearer of good news",
        "key=home, author: Ann",
        "secret__pin is missing",
        "the secret: practise",
        "this agent needs authorization",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger and what its handler writes, with the canary as the secret."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(agent)s", defaults={"agent": ""}))
    handler.addFilter(RedactingFilter(Redactor([CANARY, "sk_canary"])))
    logger = logging.getLogger("tests.redaction")
    logger.propagate = False
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, written
    logger.removeHandler(handler)


def test_log_messages_arguments_and_fields_are_redacted(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = logged
    logger.warning("sk_canary and %s", "sk_canary")
    logger.warning("%(key)r", {"key": ["sk_canary"]})
    logger.warning("of", extra={"agent": "sk_canary"})
    logger.warning("plain %d", 3)
    assert "canary" not in written.getvalue()
    assert written.getvalue().count("***") == 4
    assert "plain 3" in written.getvalue()


def test_exceptions_their_causes_and_stacks_are_redacted(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = logged
    try:
        try:
            raise ValueError("sk_canary")
        except ValueError as error:
            raise RuntimeError("while sk_canary") from error
    except RuntimeError:
        logger.exception("failed", stack_info=True)
    assert "RuntimeError: while ***" in written.getvalue()
    assert "ValueError: ***" in written.getvalue()
    assert "Stack (most recent call last)" in written.getvalue()
    assert "sk_canary" not in written.getvalue()


def test_arguments_that_do_not_fit_the_message_are_not_printed_by_logging(
    logged: tuple[logging.Logger, io.StringIO], capsys: pytest.CaptureFixture[str]
) -> None:
    logger, written = logged
    logger.warning("%d things", "sk_canary")
    assert "%d things" in written.getvalue()
    assert "canary" not in written.getvalue() + capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://user:pw@host:8443/p/q?signature=x#f", "wss://host:8443/p/q"),
        ("https://api.elevenlabs.io", "https://api.elevenlabs.io"),
        ("ws://[::1]:80/x?y", "ws://[::1]:80/x"),
        ("wss://host:99999999/?secret", "(a URL that cannot be read)"),
        ("wss://[broken?secret", "(a URL that cannot be read)"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert safe_url(url) == shown
