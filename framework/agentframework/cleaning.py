"""Takes out of texts what nobody sees and what steers a terminal, and leaves what scripts and emoji need."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["clean"]

# what a terminal obeys: ESC [ ... letter; ESC ] and the like up to BEL or ESC \; ESC and one more. None is looked
# for beyond where another one may begin, so that the time is in proportion to the text.
_ESCAPES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-Z\\^-~]"
)

# controls but tab and line feed; soft hyphen, joiners of no script, marks that turn the direction of writing,
# invisible operators, byte order marks, annotations; all of these show nothing
_NEVER: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
)
_TAGS: Final = "\U000e0000-\U000e007f"
_SELECTORS: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_MONGOLIAN_SELECTORS: Final = "\u180b-\u180d\u180f"
_IDEOGRAPHS: Final = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# scripts whose letters join, and whose writers part or join them by hand: from Arabic to Sinhala, Tibetan to Khmer
_JOINING: Final = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua87f\ufb50-\ufdff\ufe70-\ufefe"
)
_EMOJI: Final = "#*0-9\u00a9\u00ae\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"

_SUSPECT: Final = re.compile(f"[{_NEVER}{_TAGS}{_SELECTORS}{_MONGOLIAN_SELECTORS}\u200c\u200d]")
_INVISIBLE: Final = re.compile(f"[{_NEVER}]")
# the flags of England, Scotland and Wales are spelt in tags; any other text in tags is hidden
_HIDDEN_TAGS: Final = re.compile(
    "(\U0001f3f4\U000e0067\U000e0062"
    "(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f)"
    f"|[{_TAGS}]"
)
# a selector chooses among the looks of the one character before it
_STRAY_SELECTORS: Final = re.compile(
    f"(?<![^\\s{_SELECTORS}\u200c\u200d])[\ufe00-\ufe0f]"
    f"|(?<![{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]"
    f"|(?<![\u1800-\u180a\u1810-\u18af])[{_MONGOLIAN_SELECTORS}]"
)
_STRAY_JOINERS: Final = re.compile(
    f"(?<![{_JOINING}])\u200c|(?<![{_JOINING}{_EMOJI}\ufe0f])\u200d|(?<=[{_EMOJI}\ufe0f])\u200d(?![{_EMOJI}])"
)


def clean(text: str) -> str:
    """The text without escape sequences, controls (but line feeds and tabs) and characters that nobody sees.

    Joiners stay where the script or an emoji needs them, and so does one variation selector behind a character.
    What is clean is returned as it is.
    """
    if text.isascii() and text.isprintable():
        return text
    if _SUSPECT.search(text) is None:
        return text
    text = _INVISIBLE.sub("", _ESCAPES.sub("", text))
    text = _HIDDEN_TAGS.sub(r"\1", text)
    return _STRAY_JOINERS.sub("", _STRAY_SELECTORS.sub("", text))
