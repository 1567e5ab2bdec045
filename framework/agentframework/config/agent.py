"""Whom to talk to: the table `[agent]`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from agentframework.config.problems import wrong
from agentframework.config.source import Source
from agentframework.config.values import AgentUrl, Flag, Seconds, Section, Text
from agentframework.spelling import did_you_mean

__all__ = ["AgentConfig"]

_VOICES = ("auto", "tone", "none")
_USER = re.compile(r"//[^/@]*@")


class AgentConfig(Section):
    """`[agent]`: whom to talk to."""

    url: AgentUrl = Field(
        "production",
        description='Where the agent is: "local", a region ("production", "us", "eu", "in", "sg"), a base URL '
        "(http, https), or the WebSocket URL itself (ws, wss; with a path or a query it is used as it is).",
    )
    id: Text | None = Field(
        None,
        validate_default=True,
        description="The agent's id on the platform. Not needed with a WebSocket URL and the local agent.",
    )
    requires_auth: Flag = Field(
        False,
        description="Whether the agent is private: a signed URL is then asked for with `api_key`.",
    )
    api_key: SecretStr | None = Field(
        None,
        validate_default=True,
        description='The platform\'s API key, as `{ env = "ELEVENLABS_API_KEY" }` or `{ file = "path" }`.',
    )
    environment: Text | None = Field(None, description="The platform's environment of the agent's variables.")
    branch_id: Text | None = Field(None, description="The branch of the agent that is to answer.")
    connect_timeout: Seconds = Field(10.0, description="Seconds until an attempt to connect is given up.")
    reconnect: Flag = Field(
        False,
        description="Whether a connection that is lost (never one that was closed on purpose) is made again. For "
        "the agent it is a new conversation.",
    )
    reconnect_attempts: int = Field(
        5,
        strict=True,
        ge=1,
        le=1000,
        description="How often in a row that is tried, with growing pauses, until the conversation ends.",
    )
    script: Path | None = Field(
        None, description="The local agent's script, relative to the config's folder. Without one it chats."
    )
    tool_error_handling_mode: Literal["auto", "summarized", "passthrough", "hide"] = Field(
        "auto",
        description="What the local agent's model is told of a tool's error; the platform has the same key.",
    )

    voice: Literal["auto", "tone", "none"] | tuple[str, ...] = Field(
        "auto",
        description='How the local agent speaks: "auto" (by espeak-ng where that is installed, else in tones), '
        '"tone", "none", or a command that turns text into a WAV file, as a list of words.',
    )
    transcribe: tuple[str, ...] = Field(
        (),
        description="The command by which the local agent understands speech, as a list of words: it reads a WAV "
        "file and prints what was said.",
    )

    @property
    def is_local(self) -> bool:
        """Whether the runtime brings the agent itself."""
        return self.url == "local"

    @property
    def websocket_url(self) -> str | None:
        """The address to connect to exactly as it is; None where it has yet to be built from `url` and `id`."""
        parts = urlsplit(self.url)
        is_whole = parts.scheme in {"ws", "wss"} and (parts.path.strip("/") or parts.query)
        return self.url if is_whole else None

    @field_validator("id")
    @classmethod
    def _check_id(cls, agent_id: str | None, info: ValidationInfo) -> str | None:
        url = info.data.get("url", "local")
        if agent_id is None and url != "local" and urlsplit(url).scheme not in {"ws", "wss"}:
            raise wrong(
                "is missing", 'add id = "agent_..." under [agent], or url = "local" for the local agent'
            )
        return agent_id

    @field_validator("requires_auth")
    @classmethod
    def _check_requires_auth(cls, requires_auth: bool, info: ValidationInfo) -> bool:
        if requires_auth and urlsplit(info.data.get("url", "")).scheme in {"ws", "wss"}:
            raise wrong(
                "a private agent's WebSocket URL comes from the platform",
                "give url as a region or as https://...",
            )
        return requires_auth

    @field_validator("api_key")
    @classmethod
    def _check_api_key(cls, api_key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        key = None if api_key is None else api_key.get_secret_value()
        if key is None:
            if info.data.get("requires_auth") and info.data.get("url", "local") != "local":
                fix = 'add api_key = { env = "ELEVENLABS_API_KEY" } under [agent]'
                raise wrong("is missing, and requires_auth = true needs it", fix)
        elif not key:
            raise wrong("the key is empty")
        elif not key.isascii() or any(character.isspace() for character in key):
            raise wrong("no key has blanks, line ends or letters beyond ASCII", "copy it again")
        return api_key

    @field_validator("script", mode="after")
    @classmethod
    def _find_script(cls, script: Path | None, info: ValidationInfo) -> Path | None:
        _check_is_local(info)
        folder = info.context.folder if isinstance(info.context, Source) else None
        return script if script is None or folder is None else folder / script

    @field_validator("voice", mode="before")
    @classmethod
    def _check_voice(cls, voice: Any) -> Any:
        if isinstance(voice, str):
            if voice not in _VOICES:
                fix = 'a command is a list of words, such as ["espeak-ng", "--stdin", "--stdout"]'
                words = ", ".join(f'"{word}"' for word in _VOICES)
                raise wrong(
                    f"is neither one of {words} nor a list of words", did_you_mean(voice, _VOICES) or fix
                )
            return str(voice)
        return _checked_command(voice)

    @field_validator("transcribe", mode="before")
    @classmethod
    def _check_transcribe(cls, words: Any) -> Any:
        return _checked_command(words)

    @field_validator("tool_error_handling_mode", "voice", "transcribe")
    @classmethod
    def _check_local_alone(cls, value: Any, info: ValidationInfo) -> Any:
        _check_is_local(info)
        return value

    def __repr_args__(self) -> Any:
        """As pydantic's, without what may be secret in a URL: its query, a user's name and a password."""
        for name, value in super().__repr_args__():
            yield name, _USER.sub("//", value.partition("?")[0]) if name == "url" else value


def _checked_command(words: Any) -> tuple[str, ...]:
    if not isinstance(words, list | tuple) or not words or not all(isinstance(word, str) for word in words):
        raise wrong(
            "is no command", 'write it as a list of words, the program first: ["program", "--option"]'
        )
    if not words[0]:
        raise wrong("names no program", "the first word of a command is the program")
    return tuple(str(word) for word in words)


def _check_is_local(info: ValidationInfo) -> None:
    if info.data.get("url", "local") != "local":
        raise wrong("is for the local agent alone", 'leave it out, or set url = "local"')
