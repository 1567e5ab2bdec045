"""The REST calls around a conversation: signed URLs, files, feedback."""

from __future__ import annotations

from agentframework.rest.client import Client, get_signed_url
from agentframework.rest.retries import Clock, RetryPolicy

__all__ = ["Client", "Clock", "RetryPolicy", "get_signed_url"]
