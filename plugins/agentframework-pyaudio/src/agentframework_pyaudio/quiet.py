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
_diverting = threading.Lock()
_AlsaHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)
_JackHandler = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_PORTAUDIO = b"Expression '"
_LAST_LINES = 0.5
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

    What others write to standard error meanwhile goes on to it, a line at a time; a program that is started
    meanwhile, which inherits the diversion, is served as long as it lives.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    with _diverting:
        try:
            diverted = _divert()
        except (OSError, RuntimeError):  # closed, too many files or threads: noise is no reason to fail
            diverted = None
        try:
            yield
        finally:
            if diverted is not None:
                kept, pump = diverted
                os.dup2(kept, 2)
                os.close(kept)
                pump.join(_LAST_LINES)


def _divert() -> tuple[int, threading.Thread]:
    """Let a thread read what is written to standard error from now on; that itself, and the thread."""
    with ExitStack() as opened:
        kept = os.dup(2)
        opened.callback(os.close, kept)
        target = opened.enter_context(os.fdopen(os.dup(2), "wb", buffering=0))
        read, write = os.pipe()
        opened.callback(os.close, write)
        noise = opened.enter_context(os.fdopen(read, "rb"))
        pump = threading.Thread(target=_pass_on, args=(noise, target), name="portaudio-noise", daemon=True)
        pump.start()
        os.dup2(write, 2)
        os.close(write)
        opened.pop_all()
    return kept, pump


def _pass_on(noise: BinaryIO, target: RawIOBase) -> None:
    with noise, target:
        for line in noise:
            if line.startswith(_PORTAUDIO):
                _log.debug("PortAudio: %s", _words(line))
            else:
                with suppress(OSError):  # whoever read it has gone
                    target.write(line)


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
