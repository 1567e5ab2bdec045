"""`agentframework audio test`: a level meter, a few beeps, and what works."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from agentframework.audio.base import NO_SOUND
from agentframework.cli.devices import INSTALL, find_backends
from agentframework.cli.failures import FINE, TO_BE_CORRECTED
from agentframework.cli.loading import read_config
from agentframework.cli.logs import ShownLog
from agentframework.cli.phrases import flat
from agentframework.cli.soundcheck import Findings, SoundCheck
from agentframework.cli.tables import print_lines, print_paragraph
from agentframework.config import Config
from agentframework.errors import AudioError
from agentframework.hookspecs.contribution import OwnedBackend

__all__ = ["try_audio"]

_EVERY: Final = 0.05
_LOWEST_DBFS: Final = -60.0
_WIDEST: Final = 40


def try_audio(
    config: Path | None, backend: str | None, shown: ShownLog, *, seconds: float, beeps: bool, as_json: bool
) -> int:
    """Try a backend for so long; the exit code is 2 where a device of it is dead.

    Raises `ConfigError` for a config that cannot be read, and `AudioError` where there is no backend or it cannot be
    opened. Ctrl-C ends it early.
    """
    name, owned = _chosen(read_config(config, shown), backend)
    check = SoundCheck(name, owned.make())
    with check.opened(), _meter(quiet=as_json) as meter:
        try:
            while check.seconds < seconds:
                check.listen(_EVERY)
                if beeps:
                    check.beep_when_due()
                meter.show(check)
        except KeyboardInterrupt:
            pass  # what was found so far is what was asked for
        found = check.findings
    if as_json:
        print_lines([_json(found, check.advice)])
    else:
        for line in _report(found, check.advice):
            print_paragraph(flat(line))  # a device calls itself what it likes
    return FINE if found.works else TO_BE_CORRECTED


def _chosen(config: Config, name: str | None) -> tuple[str, OwnedBackend]:
    """The backend to try: that of the command line, of the config, or the one that comes with devices."""
    if name is None and config.audio.backend != NO_SOUND:
        name = config.audio.backend
    found = find_backends(config, name)
    if name is None:
        name = "pyaudio"
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            raise AudioError(f"which audio backend? there are: {known}; say --backend NAME\n{INSTALL}")
    return name, found[name]


class _Meter(Protocol):
    def show(self, check: SoundCheck) -> None:
        """Show how loud it is now."""


class _Silent:
    def show(self, check: SoundCheck) -> None:
        """Nothing: a program reads what comes at the end."""


class _Lines:
    """A line a second, for a pipe."""

    def __init__(self) -> None:
        self._said = 0
        self._peak = -120.0

    def show(self, check: SoundCheck) -> None:
        self._peak = max(self._peak, check.peak_dbfs)
        if int(check.seconds) > self._said:
            self._said = int(check.seconds)
            print_lines([f"{self._said} s: {check.level_dbfs:.1f} dBFS, peak {self._peak:.1f} dBFS"])
            sys.stdout.flush()  # whoever reads a pipe wants to see it move, too
            self._peak = -120.0


class _Bar:
    """A bar that moves, with the highest peak of the last while, for a terminal."""

    def __init__(self, update: object, width: int) -> None:
        self._update = update
        self._width = max(10, min(_WIDEST, width - 34))
        self._held = -120.0

    def show(self, check: SoundCheck) -> None:
        from rich.text import Text

        self._held = max(check.peak_dbfs, self._held - 0.5)
        full, held = _place(check.level_dbfs, self._width), _place(self._held, self._width)
        cells = ["█" if n < full else "│" if n == held and held else "·" for n in range(self._width)]
        text = Text("microphone ", no_wrap=True, overflow="crop")
        for n, cell in enumerate(cells):
            part = n / self._width
            text.append(cell, "red" if part > 0.95 else "yellow" if part > 0.8 else "green")
        text.append(f" {check.level_dbfs:6.1f} dBFS, {check.seconds:.0f} s")
        assert callable(self._update)
        self._update(text)


def _place(level_dbfs: float, width: int) -> int:
    part = (level_dbfs - _LOWEST_DBFS) / -_LOWEST_DBFS
    return round(max(0.0, min(1.0, part)) * width)


@contextmanager
def _meter(*, quiet: bool) -> Iterator[_Meter]:
    if quiet:
        yield _Silent()
    elif not sys.stdout.isatty():
        yield _Lines()
    else:
        # rich is for terminals alone
        from rich.console import Console
        from rich.live import Live

        console = Console(markup=False, highlight=False, emoji=False)
        with Live(console=console, refresh_per_second=20, transient=True) as live:
            yield _Bar(live.update, console.width)


def _report(found: Findings, advice: list[str]) -> Iterator[str]:
    yield f"backend: {found.backend}, opened in {found.opened_ms:.0f} ms"
    yield _device(
        "microphone", found.microphone, found.has_microphone, found.microphone_problem, _heard(found)
    )
    yield _device("speaker", found.speaker, found.has_speaker, found.speaker_problem, "it takes sound")
    if found.latency_ms is not None and found.echo_db is not None:
        yield (
            f"loop-back: the microphone heard the beeps after {found.latency_ms:.0f} ms, "
            f"at {found.echo_db:+.0f} dB"
        )
    elif found.played_beeps and found.has_microphone and found.has_speaker:
        yield "loop-back: the microphone did not hear the beeps; did you?"
    if found.counts:
        yield "counted: " + ", ".join(
            f"{count} {name.replace('_', ' ')}" for name, count in found.counts.items()
        )
    for sentence in advice:
        yield f"hint: {sentence}"


def _heard(found: Findings) -> str:
    first = f", first sound after {found.first_block_ms:.0f} ms" if found.first_block_ms is not None else ""
    return f"{found.rms_dbfs:.1f} dBFS, peak {found.peak_dbfs:.1f} dBFS{first}"


def _device(kind: str, name: str, is_there: bool, problem: str, praise: str) -> str:
    named = f"{kind} ({name})" if name else kind
    if problem:
        return f"{named}: {problem}"
    return f"{named}: {praise}" if is_there else f"{kind}: there is none"


def _json(found: Findings, advice: list[str]) -> str:
    said = {
        "ok": found.works,
        "backend": found.backend,
        "opened_ms": round(found.opened_ms, 1),
        "microphone": {
            "there": found.has_microphone,
            "name": found.microphone,
            "problem": found.microphone_problem or None,
            "first_block_ms": _rounded(found.first_block_ms),
            "rms_dbfs": round(found.rms_dbfs, 1),
            "peak_dbfs": round(found.peak_dbfs, 1),
            "clipped_blocks": found.clipped_blocks,
        },
        "speaker": {
            "there": found.has_speaker,
            "name": found.speaker,
            "problem": found.speaker_problem or None,
        },
        "loopback": {
            "played": found.played_beeps,
            "heard": found.latency_ms is not None,
            "latency_ms": _rounded(found.latency_ms),
            "level_db": _rounded(found.echo_db),
        },
        "counts": found.counts,
        "advice": advice,
    }
    return json.dumps(said, indent=2, ensure_ascii=False)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
