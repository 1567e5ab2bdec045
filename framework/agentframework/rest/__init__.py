"""The REST calls around a conversation: signed URLs, files, feedback, tools and agents."""

from __future__ import annotations

from agentframework.rest.client import Client, get_signed_url
from agentframework.rest.retries import Clock, RetryPolicy
from agentframework.rest.tools import PlatformAgent

__all__ = ["Client", "Clock", "PlatformAgent", "RetryPolicy", "get_signed_url"]
