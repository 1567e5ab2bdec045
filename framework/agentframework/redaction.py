"""Takes what is secret out of texts before anybody else reads them."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

__all__ = ["RedactingFilter", "Redactor", "safe_url"]

_MASK = "***"
_SHORTEST_SECRET = 4
_SHORTEST_FRAGMENT = 8  # of base64: shorter ones would be found in texts that hold no secret

_HINTS = ("token", "key", "auth", "bearer", "signature", "secret")
_NAMES = r"conversation_signature|token|xi[-_]api[-_]key|api[-_]key|hmac_secret|secret__\w{1,64}"
_QUOTE = r"""\\{0,3}["']"""
_VALUE = r"""[^\s&"'<>#,;\\)\]}]"""
_NAMED = (
    # in a query: ?conversation_signature=..., percent-encoded or not; as an argument in a repr: api_key='...'
    re.compile(
        r"(?i)((?:(?<![a-z0-9])|(?<=%3F)|(?<=%26))"
        rf"(?:{_NAMES})(?:=|%3D)b?(?:{_QUOTE})?)(?:(?!%26){_VALUE})+"
    ),
    # as a header: xi-api-key: ..., authorization: Bearer ...
    re.compile(
        r"(?i)(?<![a-z0-9])((?:xi-api-key|authorization)\s*[:=]\s*(?:(?:bearer|basic|token)\s+)?)"
        + _VALUE
        + "+"
    ),
    # in JSON, a dict or a tuple, of text or bytes: "xi-api-key": "...", (b'authorization', b'Bearer ...')
    re.compile(
        rf"(?i)((?:{_NAMES}|authorization)"
        rf"""{_QUOTE}\s*[:,]\s*b?{_QUOTE}(?:(?:bearer|basic|token)\s+)?)[^"'\\]+"""
    ),
    # a variable that is a number: "secret__pin": 1234
    re.compile(rf"(?i)(secret__\w{{1,64}}{_QUOTE}\s*[:,]\s*)-?\d[\d.e+-]*"),
    # as a subprotocol, or wherever a bearer token stands: bearer.abc, Bearer abcdefgh
    re.compile(r"(?i)\b(bearer\.)[^\s,\"'\\]+"),
    re.compile(r"(?i)\b(bearer\s+)(?=[^\s\"']*[0-9_.~+/=-])[A-Za-z0-9._~+/=-]{8,}"),
)


class Redactor:
    """Replaces secrets in texts by `***`: the values that it was told, and whatever stands under a name for secrets.

    A known value of at least four characters is also found percent-encoded, escaped in JSON or in a `repr`, and
    base64-encoded, alone or in the middle of something longer. Names are the keys `conversation_signature`, `token`,
    `api_key`, `xi-api-key`, `hmac_secret` and those that begin with `secret__`, the headers `xi-api-key` and
    `authorization`, and bearer tokens.

    Every method may be called on any thread.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: tuple[str, ...] = ()
        self._add(secrets)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._forms)} forms>"

    def add(self, secret: str) -> None:
        """From now on this value is secret too. One of fewer than four characters is not: it would be everywhere."""
        self._add([secret])

    def _add(self, secrets: Iterable[str]) -> None:
        new = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _forms(secret)}
        with self._lock:
            # longest first: a secret that contains another one is taken out whole
            self._forms = tuple(sorted({*self._forms, *new}, key=lambda form: (-len(form), form)))

    def text(self, text: str) -> str:
        """`text` without the secrets; the same object where there are none."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, _MASK)
        lowered = text.lower()
        if any(hint in lowered for hint in _HINTS):
            for pattern in _NAMED:
                text = pattern.sub(rf"\g<1>{_MASK}", text)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it redacted, keys and all."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        return value


class RedactingFilter(logging.Filter):
    """Put it on a handler: what the handler writes is redacted; messages, arguments, exceptions and extra fields.

    On a handler, not on a logger: a logger's filters do not see what its children log. The record is changed for the
    handlers that come after, too.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Redacts the record in place and lets it pass."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - logging would print the arguments of a message that does not fit them
            message, record.args = f"{record.msg} (its arguments do not fit)", None
        redacted = self._redactor.text(message)
        if redacted != message or record.args is None:
            record.msg, record.args = redacted, None
        self._redact_traceback(record)
        for name, value in vars(record).items():
            if name not in _RECORD_FIELDS and isinstance(value, str):
                setattr(record, name, self._redactor.text(value))
        return True

    def _redact_traceback(self, record: logging.LogRecord) -> None:
        if record.exc_info and not record.exc_text:
            record.exc_text = _formatter.formatException(record.exc_info)
        if record.exc_text:
            redacted = self._redactor.text(record.exc_text)
            if redacted != record.exc_text:
                # a handler that formats the exception itself would bring the secret back
                record.exc_text, record.exc_info = redacted, None
        if record.stack_info:
            record.stack_info = self._redactor.text(record.stack_info)


def safe_url(url: str) -> str:
    """The part of a URL that may be shown: scheme, host, port and path; no user, password, query or fragment."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(a URL that cannot be read)"
    if ":" in host:
        host = f"[{host}]"
    place = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{place}{parts.path}" if parts.scheme else f"{place}{parts.path}"


_formatter = logging.Formatter()
_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _forms(secret: str) -> Iterator[str]:
    """The secret as it may stand in a text."""
    yield secret
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match.group().lower(), encoded)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield from _base64_forms(secret.encode("utf-8", "surrogatepass"))


def _base64_forms(secret: bytes) -> Iterator[str]:
    """The base64 characters that the secret alone decides, at each of the three positions that it may start at."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + secret).decode()
        first = (offset * 8 + 5) // 6
        last = (offset + len(secret)) * 8 // 6
        fragment = text[first:last]
        if len(fragment) >= _SHORTEST_FRAGMENT:
            yield fragment
            yield fragment.replace("+", "-").replace("/", "_")
