"""One import line changes, and a program for the ElevenLabs SDK has every name that it imports."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

import agentframework
import agentframework_pyaudio
from agentframework.compat import elevenlabs as compat
from agentframework.compat.elevenlabs import ClientToOrchestratorEvent, ElevenLabs
from agentframework.protocol.messages import CLIENT_MESSAGES
from throwaway import importable

SOUND = ("DefaultAudioInterface", "AsyncDefaultAudioInterface")


@pytest.mark.parametrize("name", compat.__all__)
def test_what_is_public_is_the_same_object_here(name: str) -> None:
    public = getattr(agentframework, name, None)
    assert getattr(compat, name) is (public or getattr(compat, name))
    assert public is not None or name in {
        *("AsyncElevenLabs", "BaseConversation", "ClientToOrchestratorEvent", "ElevenLabs"),
    }


@pytest.mark.parametrize("name", SOUND)
def test_without_the_plugin_the_default_sound_names_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "agentframework_pyaudio", None)
    with pytest.raises(ImportError, match=rf"{name} comes with .*: pip install 'agentframework\[pyaudio\]'"):
        getattr(compat, name)


@pytest.mark.parametrize("name", SOUND)
def test_with_the_plugin_the_default_sound_is_the_plugins(name: str) -> None:
    assert getattr(compat, name) is getattr(agentframework_pyaudio, name)


def test_a_plugin_that_cannot_be_imported_says_itself_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "agentframework_pyaudio", raising=False)
    (tmp_path / "agentframework_pyaudio.py").write_text("import a_module_that_is_nowhere\n")
    with importable(tmp_path), pytest.raises(ModuleNotFoundError, match="a_module_that_is_nowhere"):
        _ = compat.DefaultAudioInterface


def test_a_name_that_the_sdk_does_not_have_is_an_attribute_error() -> None:
    assert isinstance(compat, ModuleType)
    with pytest.raises(AttributeError, match="no attribute 'Konversation'"):
        _ = compat.Konversation


def test_the_client_is_made_as_the_sdks_and_shows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "canary-of-the-environment")
    from_environment = ElevenLabs()
    assert from_environment.base_url == "https://api.elevenlabs.io"
    assert from_environment._api_key == "canary-of-the-environment"
    given = ElevenLabs(api_key="canary-given", base_url="http://127.0.0.1:1")
    assert (given._api_key, given.base_url) == ("canary-given", "http://127.0.0.1:1")
    assert "canary" not in repr(given) + repr(from_environment)
    monkeypatch.delenv("ELEVENLABS_API_KEY")
    assert ElevenLabs()._api_key is None


def test_the_types_of_client_messages_are_those_that_are_sent() -> None:
    spoken_of = {member.value for member in ClientToOrchestratorEvent}
    assert spoken_of == set(CLIENT_MESSAGES) - {"user_audio_chunk", "enclave_setup_config"}
