"""A program for the ElevenLabs Python SDK: holds a conversation in text and tells what happens in JSON lines.

It runs in an environment of its own and is never imported:

    python elevenlabs_sdk.py BASE_URL TOOL RESULT LINE...

The tool TOOL answers RESULT, which is written as JSON. Each LINE is said when the agent has answered the one before.
"""

from __future__ import annotations

import json
import queue
import sys
from typing import Any

# what is not in our environment cannot be checked in it
from elevenlabs.client import ElevenLabs  # type: ignore[import-not-found]
from elevenlabs.conversational_ai.conversation import (  # type: ignore[import-not-found]
    ClientTools,
    Conversation,
)

PATIENCE = 20


def tell(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def main(base_url: str, tool: str, result: str, *lines: str) -> None:
    answers: queue.Queue[str | None] = queue.Queue()

    def run_tool(parameters: dict[str, Any]) -> Any:
        tell("tool_called", parameters=parameters)
        return json.loads(result)

    def hear(text: str) -> None:
        tell("agent_response", text=text)
        answers.put(text)

    def leave(details: Any) -> None:
        tell("disconnect", reason=details.reason, code=details.close_code, text=details.close_reason)
        answers.put(None)

    tools = ClientTools()
    tools.register(tool, run_tool)
    conversation = Conversation(
        ElevenLabs(base_url=base_url),
        "agent_1",
        requires_auth=False,
        audio_interface=None,
        client_tools=tools,
        callback_agent_response=hear,
        callback_latency_measurement=lambda ms: tell("latency", ms=ms),
        callback_disconnect=leave,
    )
    conversation.start_session()
    for line in lines:
        if answers.get(timeout=PATIENCE) is None:
            break
        conversation.send_user_message(line)
    answers.get(timeout=PATIENCE)
    conversation.end_session()
    tell("end", conversation_id=conversation.wait_for_session_end())


if __name__ == "__main__":
    main(*sys.argv[1:])
