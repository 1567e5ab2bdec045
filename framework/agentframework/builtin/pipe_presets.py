"""Commands that hear and play on a sound card, and what is known of them."""

from __future__ import annotations

from pathlib import PurePath

__all__ = ["are_sound_cards", "package_of", "preset_commands"]

_PULSE = ("--raw", "--rate={rate}", "--channels=1", "--format={format}", "--latency-msec=20")
_ALSA = (
    "-q",
    "-t",
    "raw",
    "-f",
    "S16_LE",
    "-c",
    "1",
    "-r",
    "{rate}",
    "--period-time=20000",
    "--buffer-time=80000",
)
_SOX = ("-t", "raw", "-r", "{rate}", "-e", "signed-integer", "-b", "16", "-c", "1", "-")

_PRESETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pulse": (("parec", *_PULSE), ("pacat", *_PULSE)),
    "alsa": (("arecord", *_ALSA), ("aplay", *_ALSA)),
    "sox": (("sox", "-q", "--buffer", "1024", "-d", *_SOX), ("sox", "-q", "--buffer", "1024", *_SOX, "-d")),
}

_PACKAGES = {
    **dict.fromkeys(("parec", "parecord", "pacat", "paplay"), "pulseaudio-utils"),
    **dict.fromkeys(("arecord", "aplay"), "alsa-utils"),
    **dict.fromkeys(("pw-cat", "pw-record", "pw-play"), "pipewire-bin"),
    **dict.fromkeys(("sox", "rec", "play"), "sox"),
    "ffmpeg": "ffmpeg",
}


def preset_commands(preset: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The commands for capture and playback; none without a preset."""
    return ((), ()) if preset is None else _PRESETS[preset]


def package_of(program: str) -> str | None:
    """The package of Debian and Ubuntu that brings a program."""
    return _PACKAGES.get(PurePath(program).name)


def are_sound_cards(*programs: str) -> bool:
    """Whether all of them hear or play on a sound card, and so, most likely, in one room."""
    return all(package_of(program) not in (None, "ffmpeg") for program in programs)
