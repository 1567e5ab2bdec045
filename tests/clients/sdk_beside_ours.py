"""A program that gives our conversations what is the ElevenLabs SDK's own: its client, and its audio interfaces.

    python sdk_beside_ours.py SITE_PACKAGES AGENT_URL REST_URL

SITE_PACKAGES holds the SDK; this interpreter's own packages come first. Prints what happened as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

from agentframework import AsyncConversation, Conversation


def main(site: str, agent_url: str, rest_url: str) -> None:
    sys.path.append(site)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the SDK itself touches that is deprecated
        # what is not in our environment cannot be checked in it
        from elevenlabs.client import AsyncElevenLabs, ElevenLabs  # type: ignore[import-not-found]
        from elevenlabs.conversational_ai import conversation as sdk  # type: ignore[import-not-found]
    log: list[Any] = []

    class Sound(sdk.AudioInterface):  # type: ignore[misc]
        def start(self, input_callback: Callable[[bytes], Any]) -> None:
            input_callback(b"\x01")

        def output(self, audio: bytes) -> None:
            log.append(["plain", len(audio)])

        def interrupt(self) -> None: ...

        def stop(self) -> None:
            log.append(["plain", "stop"])

    class AsyncSound(sdk.AsyncAudioInterface):  # type: ignore[misc]
        async def start(self, input_callback: Callable[[bytes], Any]) -> None:
            await input_callback(b"\x01")

        async def output(self, audio: bytes) -> None:
            log.append(["awaited", threading.current_thread() is threading.main_thread()])

        async def interrupt(self) -> None: ...

        async def stop(self) -> None:
            log.append(["awaited", "stop"])

    public = ElevenLabs(base_url=agent_url, api_key="key")
    plain = Conversation(public, "agent_1", requires_auth=False, audio_interface=Sound())
    plain.start_session()
    log.append(plain.wait_for_session_end())

    for client in (
        ElevenLabs(base_url=rest_url, api_key="key"),
        AsyncElevenLabs(base_url=rest_url, api_key="key"),
    ):
        asyncio.run(hold(client, AsyncSound(), log))
    print(json.dumps(log))


async def hold(client: Any, sound: Any, log: list[Any]) -> None:
    conversation = AsyncConversation(
        client, "agent_1", requires_auth=True, audio_interface=sound, branch_id="br_1"
    )
    await conversation.start_session()
    log.append(await conversation.upload_file(b"notes", filename="a.txt", content_type="text/plain"))
    await conversation.send_user_message("done")
    log.append(await conversation.wait_for_session_end())


if __name__ == "__main__":
    main(*sys.argv[1:])
