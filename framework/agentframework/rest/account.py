"""What every REST call needs: the key, the address, the time that it may take, and its answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from agentframework.errors import AuthError, NotFoundError
from agentframework.protocol.address import REGIONS
from agentframework.rest.exchange import Answer, ExchangeError, Http, Request
from agentframework.rest.failures import Call, error_of_answer, error_without_answer
from agentframework.rest.retries import RetryPolicy, send_until_answered
from agentframework.spelling import did_you_mean

__all__ = ["DEFAULT_URL", "Account", "path_of"]

DEFAULT_URL = REGIONS["production"]
_NO_KEY = 'give Client(api_key=...), or in a config [agent] api_key = { env = "ELEVENLABS_API_KEY" }'

_ATTEMPT_SHARE = 0.4  # so that a request that hangs can be sent a second time


class Account:
    """An API key and where it counts; `Client` says what the arguments are."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str = DEFAULT_URL,
        *,
        region: str | None = None,
        timeout: float = 10.0,
        attempt_timeout: float | None = None,
        retries: RetryPolicy | None = None,
    ) -> None:
        if not timeout > 0 or not (attempt_timeout is None or attempt_timeout > 0):
            raise ValueError("a time-out is a number of seconds above 0")
        self.base_url = _base_url(base_url, region)
        self.timeout = timeout
        self.attempt_timeout = attempt_timeout
        self.retries = retries or RetryPolicy()
        self._api_key = _checked_key(api_key)
        self._http = Http()

    def __repr__(self) -> str:
        return f"Client(api_key={'***' if self._api_key else None}, base_url={self.base_url!r})"

    def _request(self, method: str, path: str, *, needed_for: str, **parts: Any) -> Request:
        if not self._api_key:
            raise AuthError(f"{needed_for} needs an API key", hint=_NO_KEY)
        return Request(method, self.base_url.rstrip("/") + path, self._api_key, **parts)

    async def _successful(self, call: Call, *, is_idempotent: bool, timeout: float | None = None) -> Answer:
        """The answer of a call that succeeded. Raises `RestError`."""
        whole = self.timeout if timeout is None else timeout
        try:
            outcome = await send_until_answered(
                lambda seconds: self._http.send(call.request, timeout=seconds),
                self.retries,
                timeout=whole,
                attempt_timeout=min(whole, self.attempt_timeout or _ATTEMPT_SHARE * whole),
                is_idempotent=is_idempotent,
                purpose=call.failed,
            )
        except ExchangeError as error:
            raise error_without_answer(call, error, whole) from error
        answer = outcome.answer
        if 200 <= answer.status < 300:
            return answer
        failed = error_of_answer(call, answer, outcome.attempts)
        if isinstance(failed, NotFoundError) and call.request.method == "DELETE" and outcome.attempts > 1:
            return answer  # an earlier attempt has deleted it, and its answer was lost
        raise failed


def path_of(*segments: str) -> str:
    """The path of what these segments name; an id can lead nowhere else."""
    for one in segments:
        if not one or one in (".", ".."):
            raise ValueError(f"{one!r} is no id")
    return "/v1/convai/" + "/".join(quote(one, safe="") for one in segments)


def _base_url(base_url: str, region: str | None) -> str:
    if region is not None:
        if base_url != DEFAULT_URL:
            raise ValueError("give either a region or a base_url, not both")
        if region not in REGIONS:
            words = ", ".join(REGIONS)
            meant = did_you_mean(region, REGIONS, after="; ")
            raise ValueError(f"there is no region {region[:64]!r}{meant}; there are: {words}")
        return REGIONS[region]
    if base_url in REGIONS:
        raise ValueError(f"base_url is an address; did you mean region={base_url!r}?")
    try:
        parts = urlsplit(base_url)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_complete = False
        parts = urlsplit("")
    if not is_complete:
        raise ValueError(
            f"base_url is an address such as {DEFAULT_URL}, which begins with https:// or http://"
        )
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("base_url has no user, no password, and nothing from ? or # on")
    return base_url


def _checked_key(api_key: str | None) -> str | None:
    """The key, unless it would break the header; the library would say so with the key in its message."""
    if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise AuthError(
            "the API key holds a blank, a line end or a letter beyond ASCII", hint="copy it again"
        )
    return api_key
