"""A program for the ElevenLabs Python SDK: holds the conversations that it is told to, and tells what happens.

It runs in an environment of its own and is never imported. Commands come as lines of JSON on standard input, and end
with it; events go to standard output. Each names its `conversation`, and the newest one takes the commands:

    {"do": "start", "asynchronous": false, "base_url": "...", ...}    see `Program.start`
    {"do": "call", "method": "send_user_message", "arguments": ["Hello"], "named": {}}
    {"do": "microphone", "blocks": ["BASE64", ...]}                   what the microphone hears
    {"do": "wait"}                                                    until the session has ended
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import inspect
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

# what is not in our environment cannot be checked in it
from elevenlabs.client import ElevenLabs  # type: ignore[import-not-found]
from elevenlabs.conversational_ai import conversation as sdk  # type: ignore[import-not-found]

Tell = Callable[..., None]
TELLING = threading.Lock()


class Sound(sdk.AudioInterface):  # type: ignore[misc]
    """A sound card that hears what the test says, and tells what it is given to play."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.hear: Callable[[bytes], Any] | None = None

    def start(self, input_callback: Callable[[bytes], Any]) -> None:
        self.hear = input_callback
        self.tell("audio_started")

    def stop(self) -> None:
        self.tell("audio_stopped")

    def output(self, audio: bytes) -> None:
        self.tell("played", size=len(audio), digest=hashlib.sha256(audio).hexdigest())

    def interrupt(self) -> None:
        self.tell("silenced")


class AsyncSound(sdk.AsyncAudioInterface):  # type: ignore[misc]
    """The same for the asynchronous class."""

    def __init__(self, tell: Tell) -> None:
        self.sound = Sound(tell)

    @property
    def hear(self) -> Callable[[bytes], Any] | None:
        return self.sound.hear

    async def start(self, input_callback: Callable[[bytes], Any]) -> None:
        self.sound.start(input_callback)

    async def stop(self) -> None:
        self.sound.stop()

    async def output(self, audio: bytes) -> None:
        self.sound.output(audio)

    async def interrupt(self) -> None:
        self.sound.interrupt()


def callbacks(tell: Tell) -> dict[str, Callable[..., None]]:
    """A callback of each kind, which tells what it was given."""
    return {
        "callback_agent_response": lambda text: tell("agent_response", text=text),
        "callback_agent_response_correction": lambda original, corrected: tell(
            "correction", original=original, corrected=corrected
        ),
        "callback_agent_chat_response_part": lambda text, kind: tell("part", text=text, type=kind.value),
        "callback_user_transcript": lambda text: tell("transcript", text=text),
        "callback_latency_measurement": lambda ms: tell("latency", ms=ms),
        "callback_audio_alignment": lambda alignment: tell("alignment", text="".join(alignment.chars)),
        "callback_disconnect": lambda details: tell(
            "disconnect",
            reason=details.reason,
            code=details.close_code,
            text=details.close_reason,
            message=details.message,
        ),
    }


def awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function for callers that await it."""

    async def run(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return function(*arguments)

    return run


class Program:
    """Does one command after another."""

    def __init__(self) -> None:
        self.conversation: Any = None
        self.sound: Any = None

    async def start(
        self,
        tell: Tell,
        *,
        base_url: str,
        asynchronous: bool = False,
        api_key: str | None = None,
        requires_auth: bool = False,
        voice: bool | str = False,
        tools: dict[str, dict[str, Any]] | None = None,
        config: dict[str, Any] | None = None,
        on_prem: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Open a conversation.

        `voice` is whether sound is to be told of, or the module and class of an audio interface to use for it.
        `tools` says of each tool what it does: {"returns": ...} or {"raises": "..."}, and whether it is
        "asynchronous". `config` and `on_prem` are the arguments of the SDK's two classes; webhooks come as tables.
        """
        told = callbacks(tell)
        if asynchronous:
            told = {name: awaited(callback) for name, callback in told.items()}
        self.sound = None
        if isinstance(voice, str):
            module, _, name = voice.partition(":")
            self.sound = getattr(importlib.import_module(module), name)()
        elif voice:
            self.sound = AsyncSound(tell) if asynchronous else Sound(tell)
        settings = dict(on_prem or {})
        for name in ("post_call_transcription_webhook", "post_call_audio_webhook"):
            if name in settings:
                settings[name] = sdk.PostCallWebhookConfig(**settings[name])
        kind = sdk.AsyncConversation if asynchronous else sdk.Conversation
        self.conversation = kind(
            ElevenLabs(base_url=base_url, api_key=api_key),
            options.pop("agent_id", "agent_1"),
            requires_auth=requires_auth,
            audio_interface=self.sound,
            config=sdk.ConversationInitiationData(**(config or {})),
            client_tools=self.client_tools(tell, tools or {}, asynchronous),
            on_prem_config=sdk.OnPremInitiationData(**settings) if settings else None,
            **told,
            **options,
        )
        await self.finished(self.conversation.start_session())

    def client_tools(self, tell: Tell, tools: dict[str, dict[str, Any]], asynchronous: bool) -> Any:
        # an asynchronous conversation sends results on the tools' loop, which is only safe if it is its own
        registered = sdk.ClientTools(loop=asyncio.get_running_loop() if asynchronous else None)
        for name, behaviour in tools.items():

            def run(
                parameters: dict[str, Any], name: str = name, behaviour: dict[str, Any] = behaviour
            ) -> Any:
                tell("tool_called", name=name, parameters=parameters)
                if "raises" in behaviour:
                    raise ValueError(behaviour["raises"])
                return behaviour["returns"]

            is_async = behaviour.get("asynchronous", False)
            registered.register(name, awaited(run) if is_async else run, is_async=is_async)
        return registered

    async def call(self, tell: Tell, *, method: str, arguments: list[Any], named: dict[str, Any]) -> None:
        error = None
        try:
            await self.finished(getattr(self.conversation, method)(*arguments, **named))
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test is to be told
            error = f"{type(problem).__name__}: {problem}"
        tell("called", method=method, error=error)

    async def microphone(self, tell: Tell, *, blocks: list[str]) -> None:
        for block in blocks:
            assert self.sound is not None
            assert self.sound.hear is not None
            await self.finished(self.sound.hear(base64.b64decode(block)))
        tell("heard", blocks=len(blocks))

    async def wait(self, tell: Tell) -> None:
        conversation_id, error = None, None
        try:
            conversation_id = await self.finished(self.conversation.wait_for_session_end())
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test is to be told
            error = type(problem).__name__
        tell("end", conversation_id=conversation_id, error=error)

    async def finished(self, result: Any) -> Any:
        return await result if inspect.isawaitable(result) else result


def tell_of(conversation: int) -> Tell:
    def tell(event: str, **fields: Any) -> None:
        line = json.dumps({"conversation": conversation, "event": event, **fields})
        with TELLING:  # tools and callbacks run on threads of their own
            print(line, flush=True)

    return tell


async def main() -> None:
    program = Program()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        tell = tell_of(command.pop("conversation"))
        await getattr(program, command.pop("do"))(tell, **command)


if __name__ == "__main__":
    asyncio.run(main())
