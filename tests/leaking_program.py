"""A program that uses every secret there is, logs everything of everybody at DEBUG, and prints every failure.

Run by tests/integration/test_secrets.py in a process of its own: what it writes is what any user's program may write.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any

import httpx2

from agentframework import (
    Client,
    ClientTools,
    Conversation,
    ConversationInitiationData,
    OnPremInitiationData,
    PostCallWebhookConfig,
    RetryPolicy,
)

ONCE = RetryPolicy(attempts=1)


class Everything(logging.Handler):
    """Writes each record whole: message, exception, stack and what else it carries."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("LOG %(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), {name: repr(value) for name, value in vars(record).items()})


def log_everything() -> None:
    """As one does who looks for a mistake: the root at DEBUG, and every logger that there is besides."""
    logging.root.addHandler(Everything())
    for name in [None, *logging.root.manager.loggerDict]:
        logging.getLogger(name).setLevel(logging.DEBUG)


def told(function: Callable[[], Any]) -> Any:
    """What the function gives; what it raises is printed in every way that there is."""
    try:
        return function()
    except Exception as error:
        print("FAILED", str(error), repr(error), repr(error.args), repr(vars(error)))
        traceback.print_exc(file=sys.stdout)
        logging.getLogger("program").exception("the program failed")
        logging.getLogger("program").debug("%s and %r", error, error)
        return None


def show(*things: object) -> None:
    """What a debugger or a log line shows of an object."""
    for thing in things:
        print("SHOWN", repr(thing), str(thing), f"{thing}")


def converse(told_secrets: dict[str, str], base_url: str, **options: Any) -> None:
    """One conversation: a tool is called, and the agent ends it."""
    called: list[dict[str, Any]] = []
    tools = ClientTools()
    tools.register("look", called.append)
    data = ConversationInitiationData(
        dynamic_variables={"user_name": "Ann", "secret__pin": told_secrets["variable"]},
        extra_body={"auth": told_secrets["variable"]},
    )
    client = Client(told_secrets["key"], base_url, retries=ONCE)
    conversation = Conversation(client, "agent_1", client_tools=tools, config=data, **options)
    show(client, conversation, vars(conversation), data, data.to_message(user_id=None, text_only=True))
    conversation.start_session()
    conversation.send_user_message("hello")
    print("ENDED", conversation.wait_for_session_end(), len(called))


async def ask_oneself(base_url: str) -> None:
    """A request of the program's own; its log is nobody's business but the program's."""
    async with httpx2.AsyncClient() as http:
        await http.get(f"{base_url}/of-the-program")


def main(given: dict[str, Any]) -> None:
    """Everything in its order; the servers know it."""
    secrets, base_url = given["secrets"], given["base_url"]
    client = Client(secrets["key"], base_url, retries=ONCE)
    webhook = PostCallWebhookConfig("https://example.test/hook", secrets["hmac"])
    on_prem = OnPremInitiationData(
        given["websocket_url"],
        agent_config_dict={"token": secrets["hmac"]},
        post_call_transcription_webhook=webhook,
    )
    show(webhook, on_prem.to_message())
    log_everything()
    told(lambda: converse(secrets, base_url, requires_auth=True))
    told(lambda: converse(secrets, base_url, requires_auth=False, on_prem_config=on_prem))
    told(lambda: asyncio.run(client.upload_file("conv_1", secrets["file"].encode(), filename="a.txt")))
    for _ in range(given["failing_conversations"]):
        told(lambda: converse(secrets, base_url, requires_auth=True))
    for _ in range(given["failing_uploads"]):
        told(lambda: asyncio.run(client.upload_file("conv_1", secrets["file"].encode())))
    told(lambda: asyncio.run(ask_oneself(base_url)))
    told(lambda: Client(secrets["key"] + "\n"))
    told(lambda: Client(secrets["key"], f"https://user:{secrets['key']}@host"))
    told(
        lambda: ConversationInitiationData(
            dynamic_variables={"secret__pin": {secrets["variable"]}}
        ).to_message(user_id=None, text_only=True)
    )
    print("DONE")


if __name__ == "__main__":
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)
    main(json.loads(sys.stdin.read()))
