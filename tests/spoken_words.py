"""Speech for tests: sentences said by espeak-ng, and a recogniser that tells which of a few sentences was said.

As a program it is a command that transcribes: `python spoken_words.py FILE SENTENCE ...` prints the sentence in FILE.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agentframework.audio.conversion import Converter
from agentframework.formats import AudioFormat
from agentframework.localagent.wavefile import read_wave

__all__ = ["recognised", "spoken", "transcribing"]

RATE_HZ = 16_000  # what the recogniser was trained with


def spoken(
    text: str, audio_format: AudioFormat | None = None, *, voice: str = "en-us+f3", speed: int = 160
) -> bytes:
    """`text` as espeak-ng says it, in `audio_format` (16 kHz unless given), without silence around it."""
    said = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(speed), "--stdin", "--stdout"],
        input=text.encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    pcm, rate_hz = read_wave(said.stdout)
    converter = Converter(AudioFormat("pcm", rate_hz), audio_format or AudioFormat("pcm", RATE_HZ))
    return converter.convert(pcm) + converter.flush()


def recognised(pcm: bytes, *sentences: str) -> str:
    """Which of the sentences is said in so much PCM of 16 kHz; "" where none is."""
    from pocketsphinx import Decoder  # type: ignore[import-untyped]  # it carries no types

    choices = " | ".join("".join(c for c in text.lower() if c.isalpha() or c in " '") for text in sentences)
    decoder = Decoder(samprate=RATE_HZ, loglevel="FATAL", lm=None)
    decoder.add_jsgf_string("sentences", f"#JSGF V1.0;\ngrammar sentences;\npublic <sentence> = {choices};\n")
    decoder.activate_search("sentences")
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return "" if found is None else str(found.hypstr)


def transcribing(*sentences: str) -> list[str]:
    """The command that transcribes these sentences, for a local agent."""
    return [sys.executable, str(Path(__file__).resolve()), "{file}", *sentences]


if __name__ == "__main__":
    wave, rate = read_wave(Path(sys.argv[1]).read_bytes())
    if rate != RATE_HZ:
        sys.exit(f"a recording at {rate} Hz, and not at {RATE_HZ} Hz")
    print(recognised(wave, *sys.argv[2:]))
