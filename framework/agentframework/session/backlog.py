"""What waits for a new connection while a session has none."""

from __future__ import annotations

import logging

from agentframework.protocol.messages import ApplicationMessage

__all__ = ["Backlog"]

_log = logging.getLogger("agentframework.session")
_MOST = 1_000


class Backlog:
    """Lives on the wire. Messages keep their order; only what the new agent is to know of the old one goes first."""

    def __init__(self) -> None:
        self._seeds: list[ApplicationMessage] = []
        self._messages: list[ApplicationMessage] = []

    def keep(self, message: ApplicationMessage) -> None:
        """A message of the program or its user."""
        if len(self._messages) >= _MOST:
            _log.warning("too much waits for the new connection; a %s was not sent", message.type)
        else:
            self._messages.append(message)

    def seed(self, message: ApplicationMessage) -> None:
        """What the new agent is to know first."""
        self._seeds.append(message)

    def take(self) -> list[ApplicationMessage]:
        """All of it, in the order in which it is to be sent; then nothing waits."""
        waiting = [*self._seeds, *self._messages]
        self._seeds, self._messages = [], []
        return waiting

    def give_up(self) -> None:
        """There will be no new connection."""
        if self._messages:
            waited = len(self._messages)
            _log.warning("messages that waited for a new connection and were not sent: %d", waited)
