"""The complaints of ALSA, JACK and PortAudio, which go to standard error of the process, led into the log."""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from io import RawIOBase
from typing import BinaryIO

__all__ = ["be_loud", "be_quiet", "portaudio_diverted"]

_log = logging.getLogger("agentframework.audio")
_lock = threading.Lock()
_AlsaHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)
_JackHandler = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_PORTAUDIO = b"Expression '"
_restore: list[Callable[[], object]] = []


def _tell_alsa(_: bytes, line: int, function: bytes, error: int, text: bytes) -> None:
    """`text` may hold places for arguments, which cannot be read from here."""
    if _log.isEnabledFor(logging.DEBUG):
        reason = f": {os.strerror(abs(error))}" if error else ""
        _log.debug("ALSA: %s (%s, line %d)%s", _words(text), _words(function), line, reason)


def _tell_jack(text: bytes) -> None:
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug("JACK: %s", _words(text))


def _words(text: bytes | None) -> str:
    return (text or b"").decode(errors="replace").strip()


# the libraries call these as long as they are loaded, so they live as long as the process
_ALSA_HANDLER = _AlsaHandler(_tell_alsa)
_JACK_HANDLER = _JackHandler(_tell_jack)


def be_quiet() -> None:
    """From now on what ALSA and JACK say is in the log at DEBUG, for the whole process; once is enough."""
    with _lock:
        if _restore or not sys.platform.startswith("linux"):
            return
        for library, name, handler in (
            ("libasound.so.2", "snd_lib_error_set_handler", _ALSA_HANDLER),
            ("libjack.so.0", "jack_set_error_function", _JACK_HANDLER),
            ("libjack.so.0", "jack_set_info_function", _JACK_HANDLER),
        ):
            set_handler = _function(library, name)
            if set_handler is not None:
                set_handler(handler)
                _restore.append(partial(set_handler, None))


def be_loud() -> None:
    """What they say goes to standard error again."""
    with _lock:
        while _restore:
            _restore.pop()()


@contextmanager
def portaudio_diverted() -> Iterator[None]:
    """For a moment in which PortAudio itself complains, as Debian builds it, and offers no handler.

    What others write to standard error meanwhile comes a little late. A program that is started meanwhile would
    keep the wrong standard error: so this is for a list of devices, and not for a conversation.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    with _lock, ExitStack() as opened:
        try:
            kept = opened.enter_context(os.fdopen(os.dup(2), "wb", buffering=0))
            diverted = opened.enter_context(os.fdopen(os.memfd_create("stderr"), "w+b"))
        except OSError:  # closed, or too many files are open: noise is no reason to fail
            yield
            return
        os.dup2(diverted.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept.fileno(), 2)
            diverted.seek(0)
            _pass_on(diverted, kept)


def _pass_on(diverted: BinaryIO, kept: RawIOBase) -> None:
    for line in diverted:
        if line.startswith(_PORTAUDIO):
            _log.debug("PortAudio: %s", _words(line))
        else:
            with suppress(OSError):  # whoever read it has gone
                kept.write(line)


def _function(library: str, name: str) -> Callable[..., object] | None:
    """A function of a library that PortAudio uses; None where this system has it not."""
    try:
        function = getattr(ctypes.CDLL(library), name)
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_void_p]
    return lambda handler: function(ctypes.cast(handler, ctypes.c_void_p))


# an interpreter that is going cannot run handlers any more
atexit.register(be_loud)
