"""Turns what the user said into words, by a program that reads a WAV file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agentframework.localagent.command import CommandError, run_command
from agentframework.localagent.wavefile import wave_of

__all__ = ["Transcriber"]

_MOST_BYTES: Final = 100_000
_LONGEST: Final = 5000
_MOST_AT_ONCE: Final = 2


class Transcriber:
    """Understands by a program that is started anew for each turn; on the loop of the conversations that share it.

    The WAV file (16-bit PCM, mono, at the rate of the input format) goes to its standard input, or into the file that
    stands in the place of `{file}` in its words. What it prints is what was said; nothing, where that is no speech.
    """

    def __init__(self, words: Sequence[str], *, timeout: float = 20.0) -> None:
        self._words = tuple(words)
        self._timeout = timeout
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)

    async def words_of(self, pcm: bytes, rate_hz: int) -> str:
        """The words in so much mono PCM. Raises `CommandError`."""
        wave = wave_of(pcm, rate_hz)
        async with self._places:
            printed = await self._run(wave)
        try:
            text = printed.decode()
        except UnicodeDecodeError:
            raise CommandError(f"{self._words[0]} printed no UTF-8 text") from None
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]

    async def _run(self, wave: bytes) -> bytes:
        if not any("{file}" in word for word in self._words):
            return await run_command(self._words, wave, timeout=self._timeout, most_bytes=_MOST_BYTES)
        with tempfile.TemporaryDirectory(prefix="agentframework-ear-") as folder:
            file = Path(folder, "speech.wav")
            await asyncio.to_thread(file.write_bytes, wave)
            words = [word.replace("{file}", str(file)) for word in self._words]
            return await run_command(words, None, timeout=self._timeout, most_bytes=_MOST_BYTES)
