"""`agentframework audio list`: which microphones and speakers there are."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from agentframework.audio.base import NO_SOUND, AudioBackend, AudioDevice
from agentframework.cli.failures import FINE, TO_BE_CORRECTED
from agentframework.cli.loading import inspect_plugins, read_config
from agentframework.cli.logs import ShownLog
from agentframework.cli.phrases import count, harmless
from agentframework.cli.tables import print_lines, print_paragraph, print_table
from agentframework.config import Config
from agentframework.errors import AudioError, ConfigError
from agentframework.hookspecs import PROJECT
from agentframework.hookspecs.contribution import OwnedBackend
from agentframework.spelling import did_you_mean

__all__ = ["INSTALL", "find_backends", "list_devices"]

INSTALL = "pip install 'agentframework[pyaudio]' brings microphones and speakers"


def find_backends(config: Config, name: str | None) -> dict[str, OwnedBackend]:
    """The installed backends, or the one of that name.

    Raises `AudioError` where it is not installed, `ConfigError` for a mistake in its table of the config, and
    `PluginError` where it cannot be loaded.
    """
    plugins = inspect_plugins(config).plugins
    found = dict(plugins.audio_backends)
    if name is None:
        return found
    if name not in found:
        if (failure := plugins.failure_of(name)) is not None:
            raise failure.__cause__ if isinstance(failure.__cause__, ConfigError) else failure
        known = ", ".join(sorted(found)) or "none"
        hint = INSTALL if name == "pyaudio" else f"there are: {known}{did_you_mean(name, found)}"
        raise AudioError(f"no plugin brings the audio backend {name!r}\n{hint}")
    return {name: found[name]}


def list_devices(config: Path | None, backend: str | None, shown: ShownLog, *, as_json: bool) -> int:
    """Print every device of every backend; the exit code is 2 where none could be asked.

    Raises `ConfigError` for a config that cannot be read, and `AudioError` for a backend that is not installed.
    """
    read = read_config(config, shown)
    if backend is None and config is not None and read.audio.backend != NO_SOUND:
        backend = read.audio.backend
    devices: list[tuple[str, AudioDevice]] = []
    problems: list[tuple[str, str]] = []
    for name, owned in sorted(find_backends(read, backend).items()):
        if backend is None and owned.plugin.distribution == PROJECT:
            continue  # nobody has asked for files and commands, and they may not even be set up
        try:
            made = owned.make()
            if type(made).devices is not AudioBackend.devices:
                devices += [(name, device) for device in _devices_of(made)]
            elif backend is not None:
                problems.append((name, f"it has no devices to choose from; see [plugins.{owned.owner}]"))
        except AudioError as error:
            problems.append((name, str(error)))
    if as_json:
        listed = [{"backend": name, **asdict(device)} for name, device in devices]
        said = [{"backend": name, "problem": problem} for name, problem in problems]
        print_lines([json.dumps({"devices": listed, "problems": said}, indent=2, ensure_ascii=False)])
    else:
        _print(devices, problems, backend)
    return TO_BE_CORRECTED if problems and not devices else FINE


def _devices_of(backend: AudioBackend) -> list[AudioDevice]:
    try:
        found: list[object] = [*backend.devices()]
    except AudioError:
        raise
    except Exception as error:
        raise AudioError(f"it cannot list its devices: {type(error).__name__}: {error}") from error
    devices = [device for device in found if isinstance(device, AudioDevice)]
    if len(devices) < len(found):
        raise AudioError("it lists what is no AudioDevice")
    return devices


def _print(
    devices: list[tuple[str, AudioDevice]], problems: list[tuple[str, str]], backend: str | None
) -> None:
    if devices:
        print_table(
            ["device", "index", "used as", "rates (Hz)", "backend"],
            [_row(name, device) for name, device in devices],
        )
    for name, problem in problems:
        for line in harmless(f"{name}: {problem}").split("\n"):
            print_paragraph(line)
    if not devices and not problems:
        said = f"the audio backend {backend!r} finds no" if backend else "no audio backend finds any"
        print_paragraph(f"{said} device: {_what_helps(backend)}")


def _what_helps(backend: str | None) -> str:
    if backend in (None, "pyaudio") and find_spec("agentframework_pyaudio") is None:
        return INSTALL
    return "is something plugged in, and does the system's sound server run?"


def _row(backend: str, device: AudioDevice) -> list[str]:
    rates = [*sorted({*device.rates_hz, device.default_rate_hz})]
    said = f"{rates[0]} to {rates[-1]}" if len(rates) > 2 else " and ".join(map(str, rates))
    if len(rates) > 1:
        said += f", default {device.default_rate_hz}"
    uses = [
        f"{'default ' if is_default else ''}{use} ({count(channels, 'channel')})"
        for use, channels, is_default in (
            ("microphone", device.input_channels, device.is_default_input),
            ("speaker", device.output_channels, device.is_default_output),
        )
        if channels
    ]
    return [device.name, str(device.index), ", ".join(uses), said, f"{backend}, {device.host}"]
