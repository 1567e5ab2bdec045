"""Microphone and speaker for agentframework, by PyAudio; nothing of that is loaded before sound is wanted."""

from __future__ import annotations

from agentframework_pyaudio.backend import PyAudioBackend
from agentframework_pyaudio.interface import AsyncDefaultAudioInterface, DefaultAudioInterface

__all__ = ["AsyncDefaultAudioInterface", "DefaultAudioInterface", "PyAudioBackend"]
