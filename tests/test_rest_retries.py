"""Requests are made again where that can help and can do no harm; the waits are virtual, the server is real."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.errors import (
    AuthError,
    NotFoundError,
    RateLimitError,
    RestError,
    RestTimeoutError,
    ServerError,
)
from agentframework.rest import Client, Clock, RetryPolicy
from agentframework.rest.exchange import Answer, ExchangeError
from agentframework.rest.retries import retry_after, send_until_answered
from rest_stub import Platform, Reply, serving

KEY = "canary-key-0123456789"
URL = "wss://example.test/?conversation_signature=s"
SIGNED = Reply(200, {"signed_url": URL})
UPLOADED = Reply(200, {"file_id": "f1"})


class VirtualClock(Clock):
    """Time that passes only while somebody sleeps; `slept` are the waits."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.passed = 0.0

    def now(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


def client_of(server: Platform, clock: Clock, **options: Any) -> Client:
    """Waits as long as it may: the chance is always 1."""
    policy = RetryPolicy(clock=clock, chance=lambda: 1.0, **options.pop("policy", {}))
    return Client(KEY, server.url, retries=policy, **options)


def sign(server: Platform, clock: Clock, **options: Any) -> str:
    return asyncio.run(client_of(server, clock, **options).get_signed_url("agent_1"))


def upload(server: Platform, clock: Clock) -> str:
    return asyncio.run(client_of(server, clock).upload_file("conv_1", b"x"))


@pytest.mark.parametrize("fault", [Reply(429), Reply(500), Reply(502), Reply(503), Reply(drop=True)])
def test_a_get_is_made_again_after_a_fault_that_passes(fault: Reply) -> None:
    clock = VirtualClock()
    with serving(fault, fault, SIGNED) as server:
        assert sign(server, clock) == URL
    assert len(server.requests) == 3
    assert clock.slept == [0.25, 0.5]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RestError), (401, AuthError), (403, AuthError), (404, NotFoundError), (408, RestError)],
)
def test_a_refusal_is_not_asked_for_twice(status: int, kind: type[RestError]) -> None:
    clock = VirtualClock()
    with serving(Reply(status), SIGNED) as server, pytest.raises(kind):
        sign(server, clock)
    assert (len(server.requests), clock.slept) == (1, [])


def test_an_answer_that_is_no_json_is_not_asked_for_twice() -> None:
    clock = VirtualClock()
    with serving(Reply(200, b"{garbage"), SIGNED) as server, pytest.raises(RestError, match="holds none"):
        sign(server, clock)
    assert len(server.requests) == 1


def test_the_last_failure_is_told_with_the_number_of_attempts() -> None:
    clock = VirtualClock()
    with serving(Reply(503)) as server, pytest.raises(ServerError, match=r"503 \(in 4 attempts\)") as failed:
        sign(server, clock)
    assert failed.value.status == 503
    assert len(server.requests) == 4
    assert clock.slept == [0.25, 0.5, 1.0]


def test_a_policy_of_one_attempt_makes_no_other() -> None:
    clock = VirtualClock()
    with serving(Reply(503), SIGNED) as server, pytest.raises(ServerError):
        sign(server, clock, policy={"attempts": 1})
    assert len(server.requests) == 1


def test_retry_after_is_waited_in_full_and_a_little_more() -> None:
    clock = VirtualClock()
    with serving(Reply(503, headers={"retry-after": "3"}), SIGNED) as server:
        assert sign(server, clock) == URL
    assert clock.slept == [3.25]


def test_a_retry_after_that_goes_beyond_the_time_out_fails_at_once_and_says_how_long() -> None:
    clock = VirtualClock()
    with serving(Reply(429, headers={"retry-after": "60"}), SIGNED) as server:
        with pytest.raises(RateLimitError, match="try again in 60 s") as failed:
            sign(server, clock)
    assert failed.value.retry_after == 60
    assert (len(server.requests), clock.slept) == (1, [])


def test_no_attempt_is_begun_that_could_outlast_the_time_out() -> None:
    clock = VirtualClock()
    with serving(Reply(503)) as server, pytest.raises(ServerError):
        sign(server, clock, timeout=1.0, attempt_timeout=0.5)
    # 0.25 s are waited; another 0.5 s and an attempt of 0.5 s no longer fit into the second
    assert clock.slept == [0.25]
    assert len(server.requests) == 2


def test_a_request_that_hangs_is_made_once_more_and_then_given_up() -> None:
    clock = VirtualClock()
    with serving(Reply(hang=True), SIGNED) as server:
        assert sign(server, clock, attempt_timeout=0.2) == URL
        assert len(server.requests) == 2
    with serving(Reply(hang=True)) as server:
        with pytest.raises(RestTimeoutError, match=r"within 10 s \(in 2 attempts\)"):
            sign(server, clock, attempt_timeout=0.2, policy={"attempts": 2})
        assert len(server.requests) == 2


@pytest.mark.parametrize("method", ["get_signed_url", "upload_file"])
def test_a_server_that_is_not_there_yet_is_tried_again(method: str) -> None:
    with serving(SIGNED) as gone:
        pass
    clock = VirtualClock()
    client = client_of(gone, clock)
    call = client.get_signed_url("a") if method == "get_signed_url" else client.upload_file("conv_1", b"x")
    with pytest.raises(RestError, match=r"nothing listens there \(connection refused\) \(in 4 attempts\)"):
        asyncio.run(call)
    assert len(clock.slept) == 3


@pytest.mark.parametrize("fault", [Reply(429), Reply(503)])
def test_an_upload_that_was_not_taken_is_sent_again(fault: Reply) -> None:
    clock = VirtualClock()
    with serving(fault, UPLOADED) as server:
        assert upload(server, clock) == "f1"
    assert len(server.bodies) == 2
    assert all(b"x" in body for body in server.bodies)


@pytest.mark.parametrize("fault", [Reply(500), Reply(502), Reply(504), Reply(drop=True)])
def test_an_upload_that_may_have_been_taken_is_not_sent_again(fault: Reply) -> None:
    clock = VirtualClock()
    with serving(fault, UPLOADED) as server, pytest.raises(RestError, match="the file was not uploaded"):
        upload(server, clock)
    assert (len(server.requests), clock.slept) == (1, [])


def test_an_upload_that_hangs_is_not_sent_again() -> None:
    clock = VirtualClock()
    with serving(Reply(hang=True), UPLOADED) as server:
        with pytest.raises(RestTimeoutError, match=r"within 0\.3 s$"):
            asyncio.run(client_of(server, clock).upload_file("conv_1", b"x", timeout=0.3))
        assert len(server.requests) == 1


@pytest.mark.parametrize(("is_idempotent", "given"), [(True, [4.0, 4.0]), (False, [10.0, 9.75])])
def test_what_is_not_sent_again_after_a_time_out_has_all_the_time_there_is(
    is_idempotent: bool, given: list[float]
) -> None:
    clock = VirtualClock()
    seconds: list[float] = []

    async def send(timeout: float) -> Answer:
        seconds.append(timeout)
        return Answer(503 if len(seconds) == 1 else 200, {}, b"")

    outcome = asyncio.run(
        send_until_answered(
            send,
            RetryPolicy(clock=clock, chance=lambda: 1.0),
            timeout=10.0,
            attempt_timeout=4.0,
            is_idempotent=is_idempotent,
            purpose="test",
        )
    )
    assert (outcome.attempts, seconds) == (2, given)


def test_a_deletion_whose_answer_was_lost_has_happened_all_the_same() -> None:
    clock = VirtualClock()
    with serving(Reply(drop=True), Reply(404)) as server:
        asyncio.run(client_of(server, clock).delete_file("conv_1", "f1"))
    assert len(server.requests) == 2
    with serving(Reply(404)) as server, pytest.raises(NotFoundError):
        asyncio.run(client_of(server, clock).delete_file("conv_1", "f1"))


def test_a_new_attempt_is_in_the_log_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="agentframework.rest"), serving(Reply(503), SIGNED) as server:
        sign(server, VirtualClock())
    (said,) = (record.getMessage() for record in caplog.records if record.name == "agentframework.rest")
    assert said == "no signed URL yet: the server answered 503; the next attempt in 0.25 s"


@given(
    attempt=st.integers(1, 10**6),
    first=st.floats(0, 60),
    longest=st.floats(0, 600),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_anywhere_between_nothing_and_its_bound(
    attempt: int, first: float, longest: float, chance: float
) -> None:
    policy = RetryPolicy(first_delay=first, longest_delay=longest, chance=lambda: chance)
    bound = min(longest, first * 2.0 ** min(attempt - 1, 64))
    assert policy.delay(attempt) == chance * bound
    assert policy.delay(attempt, 5.0) == 5.0 + chance * first


@given(
    faults=st.lists(st.sampled_from([200, 404, 429, 500, 503, "refused", "cut", "slow"]), max_size=8),
    is_idempotent=st.booleans(),
    asked=st.sampled_from([None, "1", "7"]),
    timeout=st.floats(0.5, 20),
)
def test_whatever_happens_no_call_outlasts_its_time_and_nothing_is_done_twice(
    faults: list[int | str], is_idempotent: bool, asked: str | None, timeout: float
) -> None:
    """A server on virtual time, that acts on every request it may have received but for 429 and 503."""
    clock = VirtualClock()
    attempt_timeout = 0.4 * timeout
    acted = 0

    async def send(seconds: float) -> Answer:
        nonlocal acted
        fault = faults.pop(0) if faults else 200
        if fault == "slow":
            clock.passed += seconds
        if fault == "refused":
            raise ExchangeError("refused", may_have_arrived=False)
        if fault not in (429, 503):
            acted += 1
        if isinstance(fault, str):
            raise ExchangeError(fault, may_have_arrived=True)
        return Answer(fault, {"retry-after": asked} if asked else {}, b"")

    async def call() -> None:
        await send_until_answered(
            send,
            RetryPolicy(clock=clock),
            timeout=timeout,
            attempt_timeout=attempt_timeout,
            is_idempotent=is_idempotent,
            purpose="test",
        )

    try:
        asyncio.run(call())
    except ExchangeError:
        pass
    assert clock.passed <= timeout + 1e-6
    assert is_idempotent or acted <= 1


@pytest.mark.parametrize("said", ["", "soon", "-1", "1.5", "٣", "Wed, 99 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_cannot_be_read_is_none(said: str) -> None:
    assert retry_after(Answer(503, {"retry-after": said}, b"")) is None


def test_a_retry_after_may_be_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    seconds = retry_after(Answer(503, {"retry-after": soon}, b""))
    assert seconds is not None
    assert 0 < seconds <= 60
    assert retry_after(Answer(503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"")) == 0
    assert retry_after(Answer(503, {"retry-after": "9" * 400}, b"")) == 999_999_999


@pytest.mark.parametrize("options", [{"attempts": 0}, {"first_delay": -1.0}, {"longest_delay": float("nan")}])
def test_a_policy_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        RetryPolicy(**options)
