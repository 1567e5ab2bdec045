"""What this package registers: the module that the entry point `pyaudio` names."""

from __future__ import annotations

from functools import partial

from agentframework import AudioBackendRegistrar, hookimpl
from agentframework_pyaudio.backend import PyAudioBackend
from agentframework_pyaudio.settings import Settings

__all__ = ["register_audio_backends"]


@hookimpl
def register_audio_backends(register: AudioBackendRegistrar) -> None:
    register("pyaudio", partial(PyAudioBackend, register.settings(Settings)))
