"""Messages come out of a stream as they went in, however it is cut."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.workers.frames import MAX_FRAME_BYTES, FrameReader, frame

messages = st.lists(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=5,
)


@given(messages, st.lists(st.integers(1, 7), min_size=1))
def test_what_goes_in_comes_out_however_it_is_cut(sent: list[object], cuts: list[int]) -> None:
    data = b"".join(frame(message) for message in sent)
    reader, received = FrameReader(), []
    while data:
        size = cuts[len(data) % len(cuts)]
        received += reader.feed(data[:size])
        data = data[size:]
    assert received == sent


@pytest.mark.parametrize(
    "data",
    [struct.pack("!I", MAX_FRAME_BYTES + 1), struct.pack("!I", 3) + b"abc", struct.pack("!I", 1) + b"\xff"],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        FrameReader().feed(data)
