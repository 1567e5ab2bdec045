"""The virtual sound server, for the tests that play and hear."""

from __future__ import annotations

from sound_server import losable_sound_server, shared_sound_server, sound_server

__all__ = ["losable_sound_server", "shared_sound_server", "sound_server"]
