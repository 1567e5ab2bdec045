"""u-law: the codes of G.711, from and to 16 bits."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt
import pytest

from agentframework.audio.g711 import decode_ulaw, encode_ulaw

ALL_CODES = bytes(range(256))
ALL_SAMPLES = np.arange(-32768, 32768, dtype=np.int16)

# G.711 table 2a/2b: for each of the eight segments the values at the decoder's output, of 14 bits, as first and step
FIRST = (0, 33, 99, 231, 495, 1023, 2079, 4191)
STEP = (2, 4, 8, 16, 32, 64, 128, 256)


def decoded(codes: bytes) -> npt.NDArray[np.int64]:
    return np.frombuffer(decode_ulaw(codes), "<i2").astype(np.int64)


def encoded(values: npt.NDArray[np.int16]) -> bytes:
    return encode_ulaw(values.astype("<i2").tobytes())


def test_all_256_codes_have_the_values_of_the_standard() -> None:
    expected = []
    for code in ALL_CODES:
        character = ~code & 0xFF  # the standard's character signals are sent inverted
        segment, interval = character >> 4 & 7, character & 15
        value = 4 * (FIRST[segment] + interval * STEP[segment])
        expected.append(-value if character & 0x80 else value)
    assert decoded(ALL_CODES).tolist() == expected
    assert max(expected) == 4 * 8031


def test_every_code_comes_back_as_itself_but_for_the_second_zero() -> None:
    again = encode_ulaw(decode_ulaw(ALL_CODES))
    assert [code for code in ALL_CODES if again[code] != code] == [0x7F]
    assert again[0x7F] == 0xFF


def test_silence_is_ff() -> None:
    assert encode_ulaw(bytes(320)) == b"\xff" * 160
    assert decode_ulaw(b"\xff" * 160) == bytes(320)


def test_each_of_the_65536_samples_gets_the_nearest_value_or_one_as_good_as_it() -> None:
    """The error is at most half a step of the segment, and beyond the last value what is missing to it."""
    values = ALL_SAMPLES.astype(np.int64)
    back = decoded(encoded(ALL_SAMPLES))
    levels = np.unique(decoded(ALL_CODES))
    nearest = np.min(np.abs(values[:, None] - levels[None, :]), axis=1)
    error = np.abs(values - back)
    clipped = np.abs(values) > 32635
    half_step = np.maximum(4, (np.abs(back) + 132) // 32)
    assert np.all(error[~clipped] <= half_step[~clipped])
    assert np.mean(error == nearest) > 0.99
    assert np.max(error[clipped]) == 32768 - 32124


def test_louder_samples_never_become_softer_and_signs_stay() -> None:
    back = decoded(encoded(ALL_SAMPLES))
    assert np.all(np.diff(back) >= 0)
    assert np.all(back * ALL_SAMPLES.astype(np.int64) >= 0)


def test_the_loudest_samples_are_clipped_and_do_not_wrap() -> None:
    assert decoded(encoded(np.array([32767, -32768, -32767], dtype=np.int16))).tolist() == [
        32124,
        -32124,
        -32124,
    ]


def test_nothing_is_nothing_and_half_a_sample_an_error() -> None:
    assert (encode_ulaw(b""), decode_ulaw(b"")) == (b"", b"")
    with pytest.raises(ValueError, match="item"):
        encode_ulaw(array("h", [1, 2]).tobytes()[:3])
