"""What the authors of plugins test with."""

from __future__ import annotations

from agentframework.testing.audio import AUDIO_BACKEND_CASES, audio_backend_cases, check_audio_backend
from agentframework.testing.audio_trials import AudioBackendCase
from agentframework.testing.trials import WorkerCase
from agentframework.testing.workers import WORKER_CASES, check_worker, worker_cases

__all__ = [
    "AUDIO_BACKEND_CASES",
    "WORKER_CASES",
    "AudioBackendCase",
    "WorkerCase",
    "audio_backend_cases",
    "check_audio_backend",
    "check_worker",
    "worker_cases",
]
