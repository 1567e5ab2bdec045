"""A file that is to be uploaded: read within bounds, named and typed."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
import stat
from pathlib import Path

from agentframework.rest.exchange import UploadedFile

__all__ = ["MAX_FILE_BYTES", "read_upload"]

MAX_FILE_BYTES = 32 * 1024 * 1024
"""The largest file that is taken. It is held in memory, and what a model looks at is far smaller."""

_CONTENT_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(?:; ?[A-Za-z0-9-]+=[A-Za-z0-9-]+)?")


async def read_upload(
    file: bytes | str | os.PathLike[str], filename: str | None, content_type: str | None
) -> UploadedFile:
    """The file with its name and type; what is not given is taken from the path, and the type from the name.

    Raises OSError where the path cannot be read, and ValueError for a file that is empty or too large and for a
    name or type that cannot be sent.
    """
    if isinstance(file, bytes):
        name, content = filename or "file", file
    else:
        path = Path(file)
        name, content = filename or path.name, await asyncio.to_thread(_read, path)
    if not content:
        raise ValueError(f"{name!r} is empty, so there is nothing to upload")
    _check_size(name, len(content))
    if not name.isprintable():
        raise ValueError("a file name holds no line ends or other control characters")
    guessed = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if not _CONTENT_TYPE.fullmatch(guessed):
        raise ValueError(f"{guessed[:64]!r} is no content type; one is for instance image/png")
    return UploadedFile(name, content, guessed)


def _read(path: Path) -> bytes:
    """In a thread: the whole file, and no byte of one that is too large; a pipe or a device would hang."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path.name!r} is no ordinary file")
    _check_size(path.name, found.st_size)
    with path.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES + 1)  # it may have grown since


def _check_size(name: str, size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise ValueError(f"{name!r} has {size:,} bytes, and at most {MAX_FILE_BYTES:,} are uploaded")
