"""PyAudio and the PortAudio below it: loaded when sound is wanted, one caller at a time, or said how to install."""

from __future__ import annotations

import os
import platform
import sys
import threading
from ctypes import CDLL
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from agentframework import AudioError

__all__ = ["PORTAUDIO", "install_command", "load_pyaudio"]

PORTAUDIO = threading.RLock()
"""Held while PortAudio is initialized or terminated and while a stream is opened or closed: it is not thread-safe."""

# per kind of system: what installs all that PyAudio is built with, and what installs PortAudio alone
_BUILD_AND_RUN = {
    "debian": ("apt-get install portaudio19-dev gcc python3-dev", "apt-get install libportaudio2"),
    "ubuntu": ("apt-get install portaudio19-dev gcc python3-dev", "apt-get install libportaudio2"),
    "fedora": ("dnf install portaudio-devel gcc python3-devel", "dnf install portaudio"),
    "rhel": ("dnf install portaudio-devel gcc python3-devel", "dnf install portaudio"),
    "arch": ("pacman -S portaudio gcc", "pacman -S portaudio"),
    "suse": ("zypper install portaudio-devel gcc python3-devel", "zypper install libportaudio2"),
    "alpine": ("apk add portaudio-dev gcc musl-dev python3-dev", "apk add portaudio"),
}
_PIP = "pip install PyAudio"


def load_pyaudio() -> ModuleType:
    """The module `pyaudio`. Raises `AudioError` of two lines: what is missing, and the command that brings it."""
    if _is_for_another_python():
        raise AudioError(
            f"PyAudio was built for another Python than this one\ninstall it with: {_PIP} --force-reinstall"
        )
    problem = _broken_extension()
    if problem is not None:
        raise AudioError(
            f"PyAudio cannot load PortAudio ({problem})\ninstall it with: {install_command(builds=False)}"
        )
    try:
        return import_module("pyaudio")
    except ImportError as error:
        raise AudioError(
            f"PyAudio is not installed ({error})\ninstall it with: {install_command()}"
        ) from error


def install_command(*, builds: bool = True) -> str:
    """What to type on this system; with `builds` PyAudio is to be compiled, else PortAudio alone is missing."""
    if sys.platform == "darwin":
        return f"brew install portaudio && {_PIP}" if builds else "brew install portaudio"
    if sys.platform == "win32":
        return _PIP
    command = next((_BUILD_AND_RUN[name] for name in _systems() if name in _BUILD_AND_RUN), None)
    if command is None:
        return f"your system's package manager (PortAudio with its headers, and a C compiler), then {_PIP}"
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}{command[0]} && {_PIP}" if builds else f"{sudo}{command[1]}"


def _systems() -> list[str]:
    """The names of this Linux, its own first and then those that it is like."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return []
    return [release.get("ID", ""), *release.get("ID_LIKE", "").split()]


def _folders() -> list[Path]:
    """Where PyAudio is, unless it is loaded already."""
    spec = None if "pyaudio" in sys.modules else find_spec("pyaudio")
    return [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []


def _is_for_another_python() -> bool:
    """Whether PyAudio is there, but not its compiled half; PyAudio would print that to standard output."""
    folders, names = _folders(), [f"_portaudio{suffix}" for suffix in EXTENSION_SUFFIXES]
    return bool(folders) and not any((folder / name).exists() for folder in folders for name in names)


def _broken_extension() -> str | None:
    """Why PyAudio's compiled half cannot be loaded, where it is there; PyAudio would print that as well."""
    for folder in _folders():
        for extension in folder.glob("_portaudio*"):
            try:
                CDLL(str(extension))
            except OSError as error:
                return str(error)
    return None
