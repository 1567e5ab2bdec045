"""Which device is meant: by index, by name, by a part of it; and what is said where that is not one."""

from __future__ import annotations

import sys
import unicodedata
from typing import cast

import pytest
from fake_pyaudio import Device, FakePyAudio

from agentframework import AudioError, AudioFormat, AudioLine
from agentframework_pyaudio import PyAudioBackend
from agentframework_pyaudio.settings import Settings

DEVICES = (
    Device("Built-in Microphone"),
    Device("Built-in Output", inputs=0, outputs=2),
    Device("USB Headset", inputs=1, outputs=2),
    Device("USB Camera"),
    Device("Monitor of Built-in Output", inputs=2),
)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakePyAudio:
    fake = FakePyAudio(*DEVICES)
    monkeypatch.setitem(sys.modules, "pyaudio", fake)
    monkeypatch.setitem(sys.modules, "pyaudio._portaudio", None)
    return fake


def opened(**settings: int | str) -> tuple[str, str]:
    """The names of the microphone and the speaker."""
    line = AudioLine(AudioFormat("pcm", 16000), AudioFormat("pcm", 16000))
    backend = PyAudioBackend(Settings.model_validate(settings))
    try:
        backend.start(line)
    finally:
        backend.stop()
    return line.microphone, line.speaker


@pytest.mark.usefixtures("library")
class TestChoosing:
    """`input_device` and `output_device`."""

    @pytest.mark.parametrize(
        ("wanted", "name"),
        [
            (2, "USB Headset"),
            ("USB Headset", "USB Headset"),
            ("headset", "USB Headset"),
            ("camera", "USB Camera"),
            ("built-in m", "Built-in Microphone"),
            ("default", "Built-in Microphone"),
        ],
    )
    def test_a_microphone_is_meant(self, wanted: int | str, name: str) -> None:
        assert opened(input_device=wanted) == (name, "Built-in Output")

    @pytest.mark.parametrize(
        ("wanted", "name"), [(1, "Built-in Output"), ("built-in", "Built-in Output"), ("Usb", "USB Headset")]
    )
    def test_only_what_can_play_is_meant_as_a_speaker(self, wanted: int | str, name: str) -> None:
        assert opened(output_device=wanted) == ("Built-in Microphone", name)

    def test_a_word_for_several_is_an_error_with_the_list_of_them(self) -> None:
        with pytest.raises(AudioError) as caught:
            opened(input_device="usb")
        assert str(caught.value).splitlines() == [
            '[plugins.pyaudio] input_device = "usb" names 2 of them; say its index, or more of its name',
            "the microphones:",
            '  2 "USB Headset" (ALSA)',
            '  3 "USB Camera" (ALSA)',
        ]

    def test_a_word_for_none_is_an_error_with_the_nearest_and_the_list(self) -> None:
        with pytest.raises(AudioError) as caught:
            opened(output_device="Build-in Output")
        assert str(caught.value).splitlines() == [
            '[plugins.pyaudio] output_device = "Build-in Output" is no speaker; did you mean "Built-in Output"?',
            "the speakers:",
            '  1 "Built-in Output" (ALSA)',
            '  2 "USB Headset" (ALSA)',
        ]

    @pytest.mark.parametrize("index", [1, 5, 99])
    def test_an_index_that_is_no_microphone_never_reaches_portaudio(self, index: int) -> None:
        with pytest.raises(
            AudioError, match=rf"input_device = {index} is no microphone\nthe microphones:\n  0 "
        ):
            opened(input_device=index)

    def test_nothing_like_it_is_said_without_a_guess(self) -> None:
        with pytest.raises(AudioError, match=r'"theremin" is no microphone\n'):
            opened(input_device="theremin")


def test_a_device_called_default_is_meant_by_that_word(library: FakePyAudio) -> None:
    library.devices.append(Device("default", inputs=32, outputs=32))
    assert opened(input_device="default", output_device="default") == ("default", "default")


def test_the_word_default_is_not_taken_for_a_part_of_a_name(library: FakePyAudio) -> None:
    library.devices.append(Device("sysdefault", inputs=32, outputs=32))
    assert opened(input_device="Default", output_device="default") == (
        "Built-in Microphone",
        "Built-in Output",
    )


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (unicodedata.normalize("NFD", "Kopfhörer"), unicodedata.normalize("NFC", "KOPFHÖRER")),
        (unicodedata.normalize("NFC", "Kopfhörer"), unicodedata.normalize("NFD", "kopfhörer")),
        ("耳机麦克风", "麦克风"),
    ],
)
def test_a_name_is_found_however_its_accents_are_written(
    library: FakePyAudio, shown: str, wanted: str
) -> None:
    library.devices.append(Device(shown))
    assert opened(input_device=wanted)[0] == shown


@pytest.mark.parametrize(
    ("encoding", "given", "name"),
    [
        ("cp1252", "Kopfhörer".encode().decode("cp1252"), "Kopfhörer"),
        ("cp1252", "Kopfhörer", "Kopfhörer"),
        ("cp1252", "耳机", "耳机"),
        ("utf-8", "Kopfhörer", "Kopfhörer"),
        ("utf-8", "Kopfhö".encode()[:-1], "Kopfh\ufffd"),
    ],
)
def test_a_name_is_read_as_utf_8_whatever_the_binding_took_it_for(
    library: FakePyAudio, monkeypatch: pytest.MonkeyPatch, encoding: str, given: str | bytes, name: str
) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda do_setlocale=True: encoding)
    library.devices.append(Device(cast("str", given)))
    assert opened(input_device="kopfh" if name.startswith("K") else name)[0] == name
    assert PyAudioBackend(Settings()).devices()[-1].name == name


def test_of_the_same_name_at_several_hosts_the_default_hosts_is_meant(library: FakePyAudio) -> None:
    library.devices.append(Device("USB Camera", host=1, rates_hz=()))
    assert opened(input_device="USB Camera")[0] == "USB Camera"
    library.devices.append(Device("USB Camera", rates_hz=()))
    with pytest.raises(AudioError, match="names 3 of them"):
        opened(input_device="USB Camera")


def test_a_machine_without_devices_says_so(library: FakePyAudio) -> None:
    library.devices.clear()
    library.default_input = library.default_output = -1
    with pytest.raises(AudioError, match="there is no microphone at all"):
        opened(input_device="usb")
