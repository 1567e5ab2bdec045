"""Which devices there are, and which of them is meant."""

from __future__ import annotations

import difflib
import locale
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentframework import AudioDevice, AudioError

__all__ = ["WORDS", "Direction", "choose", "default_device", "device_name", "hear_each_other", "list_devices"]

Direction = Literal["input", "output"]

_RATES_HZ = (8000, 16000, 22050, 24000, 44100, 48000)
_DEFAULT = "default"
_WORN = (
    *("headphone", "headset", "earphone", "earbud", "earpiece", "airpods", "buds", "hands-free", "handsfree"),
    *("kopfhörer", "casque", "auriculares", "cuffie"),
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a direction is called: in words, in PortAudio, and in the config."""

    word: str
    channels: str
    default: str
    key: str


_KINDS: dict[Direction, _Kind] = {
    "input": _Kind("microphone", "maxInputChannels", "defaultInputDevice", "input_device"),
    "output": _Kind("speaker", "maxOutputChannels", "defaultOutputDevice", "output_device"),
}


WORDS: dict[Direction, str] = {direction: kind.word for direction, kind in _KINDS.items()}
"""What a direction is to a person."""


def default_device(manager: Any, direction: Direction) -> int | None:
    """The index of the system's default; None where there is no such device."""
    try:
        index = int(manager.get_default_host_api_info()[_KINDS[direction].default])
    except OSError:
        return None
    return index if index >= 0 else None


def choose(manager: Any, direction: Direction, wanted: int | str | None) -> int | None:
    """The index of the device that is meant; None where the default is, and there is none.

    Raises `AudioError` with the list of devices where the word fits none of them, or several.
    """
    kind = _KINDS[direction]
    if wanted is None:
        return default_device(manager, direction)
    # PortAudio's binding does not check an index that is given to it: a wrong one ends the process
    usable = [info for info in _infos(manager) if int(info[kind.channels]) > 0]
    if isinstance(wanted, int):
        found: Sequence[Mapping[str, Any]] = [info for info in usable if info["index"] == wanted]
    else:
        found = _named(manager, usable, wanted)
        if _folded(wanted) == _DEFAULT and not any(_folded(device_name(info)) == _DEFAULT for info in found):
            return default_device(manager, direction)  # and not ALSA's "sysdefault"
    if len(found) == 1:
        return int(found[0]["index"])
    problem = f"names {len(found)} of them" if found else f"is no {kind.word}"
    raise AudioError(
        f"[plugins.pyaudio] {kind.key} = {_quoted(wanted)} {problem}{_question(wanted, usable, found)}\n"
        f"{_listed(manager, kind, found or usable)}"
    )


def list_devices(manager: Any, sample_format: int) -> list[AudioDevice]:
    """All of them, with the rates at which they would work.

    PortAudio shows each device of a sound server with both directions; one in which no rate works is left out.
    """
    defaults = {direction: default_device(manager, direction) for direction in WORDS}
    found = []
    for info in _infos(manager):
        rates = {direction: _rates_hz(manager, info, direction, sample_format) for direction in WORDS}
        working = [set(rates_hz) for rates_hz in rates.values() if rates_hz]
        channels = {
            direction: int(info[kind.channels]) if rates[direction] or not working else 0
            for direction, kind in _KINDS.items()
        }
        found.append(
            AudioDevice(
                index=int(info["index"]),
                name=device_name(info),
                host=_host(manager, info),
                input_channels=channels["input"],
                output_channels=channels["output"],
                default_rate_hz=int(info["defaultSampleRate"]),
                rates_hz=tuple(sorted(set.intersection(*working))) if working else (),
                is_default_input=info["index"] == defaults["input"],
                is_default_output=info["index"] == defaults["output"],
            )
        )
    return found


def hear_each_other(microphone: str, speaker: str) -> bool:
    """Whether the microphone is likely to hear the speaker: a guess by the names, "no" for what is worn."""
    names = f"{microphone}\n{speaker}".casefold()
    return bool(microphone and speaker) and not any(word in names for word in _WORN)


def device_name(info: Mapping[str, Any]) -> str:
    """What PortAudio calls a device: UTF-8, which its binding takes for the system's encoding, or leaves alone."""
    name = info["name"]
    if isinstance(name, bytes):  # cut off in the middle of a letter, for instance
        return name.decode(errors="replace")
    try:
        return str(name).encode(locale.getpreferredencoding(do_setlocale=False)).decode()
    except UnicodeError:
        return str(name)


def _folded(name: str) -> str:
    """For a comparison: whatever the case, and however its accents are written."""
    return unicodedata.normalize("NFC", name).casefold()


def _infos(manager: Any) -> list[Mapping[str, Any]]:
    return [manager.get_device_info_by_index(index) for index in range(manager.get_device_count())]


def _named(manager: Any, usable: Sequence[Mapping[str, Any]], wanted: str) -> Sequence[Mapping[str, Any]]:
    """Those of the name, or else those with that in their name; of several the one of the default host.

    Windows shows each device once per host ("MME", "WASAPI"), under the same name.
    """
    word = _folded(wanted)
    exact = [info for info in usable if _folded(device_name(info)) == word]
    found = exact or [info for info in usable if word in _folded(device_name(info))]
    if len(found) > 1:
        host = manager.get_default_host_api_info()["index"]
        preferred = [info for info in found if info["hostApi"] == host]
        return preferred if len(preferred) == 1 else found
    return found


def _rates_hz(manager: Any, info: Mapping[str, Any], direction: Direction, sample_format: int) -> list[int]:
    """The usual rates that the device takes in that direction."""
    if int(info[_KINDS[direction].channels]) <= 0:
        return []
    words = {f"{direction}_device": info["index"], f"{direction}_channels": 1}
    words[f"{direction}_format"] = sample_format
    found = []
    for rate_hz in _RATES_HZ:
        try:
            if manager.is_format_supported(rate_hz, **words):
                found.append(rate_hz)
        except ValueError:
            continue
    return found


def _host(manager: Any, info: Mapping[str, Any]) -> str:
    return str(manager.get_host_api_info_by_index(info["hostApi"])["name"])


def _quoted(wanted: int | str) -> str:
    return str(wanted) if isinstance(wanted, int) else f'"{wanted}"'


def _question(
    wanted: int | str, usable: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> str:
    if found or isinstance(wanted, int):
        return "; say its index, or more of its name" if found else ""
    by_name = {_folded(device_name(info)): device_name(info) for info in usable}
    near = difflib.get_close_matches(_folded(wanted), by_name, n=1)
    return f'; did you mean "{by_name[near[0]]}"?' if near else ""


def _listed(manager: Any, kind: _Kind, infos: Sequence[Mapping[str, Any]]) -> str:
    if not infos:
        return f"there is no {kind.word} at all"
    lines = (f'  {info["index"]} "{device_name(info)}" ({_host(manager, info)})' for info in infos)
    return "\n".join([f"the {kind.word}s:", *lines])
