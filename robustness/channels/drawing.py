"""Draws a text as a scan of it: a font and its size, lines of so many columns, then rotation, blur and noise.

The same text and settings give the same picture. Nothing is drawn of a text that cannot be drawn as a reader would see it.
"""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from robustness.channels.channel import Lost, noise_seed
from robustness.errors import UsageError
from robustness.victims.extras import require

FONT = "DejaVuSans.ttf"
FONT_PACKAGE = "fonts-dejavu-core"
MARGIN = 10
HIGHEST = 30_000
"""Pixels; tesseract reads pictures of up to 32,767."""
_REORDERED = {"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}
"""Bidirectional classes of what is not drawn from left to right."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a text is drawn.

    ``px``: size of the font in pixels; ``blur``: radius of a Gaussian blur in pixels; ``noise``: standard deviation of grey
    levels, of 255; ``rotation``: most degrees that a page is turned, by chance; ``columns``: of a line.
    """

    px: int = 14
    blur: float = 0.0
    noise: float = 0.0
    rotation: float = 0.0
    columns: int = 48


def load_font(name: str, px: int) -> Any:
    """A font by the path or name of its file.

    Raises:
        MissingExtraError: Pillow is not installed.
        UsageError: there is no such font.
    """
    require("PIL", "ocr")
    from PIL import ImageFont

    try:  # the basic layout is part of Pillow; the other one is a library of the system and draws by its version
        return ImageFont.truetype(name, px, layout_engine=ImageFont.Layout.BASIC)
    except OSError as problem:
        advice = f"install it with: apt-get install {FONT_PACKAGE}" if name == FONT else "name the path of a TrueType font"
        raise UsageError(
            f"the font {name} cannot be read ({problem}); {advice}, or name another one: ocr:3,font=PATH"
        ) from problem


def draw(text: str, look: Look, seed: int, font: str = FONT) -> bytes | Lost:
    """The picture of a text, grey, as a PGM file; ``Lost`` where it cannot be drawn."""
    from PIL import Image, ImageDraw, ImageFilter

    found = _font(font, look.px)
    visible = seen(text)
    problem = undrawable(visible, found)
    if problem:
        return Lost(problem)
    lines = [line for part in visible.splitlines() for line in textwrap.wrap(part, look.columns)]
    ascent, descent = found.getmetrics()
    step = ascent + descent + 2
    if step * len(lines) + 2 * MARGIN > HIGHEST:
        return Lost(f"the text fills {len(lines)} lines, and a picture has room for {(HIGHEST - 2 * MARGIN) // step}")
    width = int(max(found.getlength(line) for line in lines)) + 2 * MARGIN
    picture = Image.new("L", (width, step * len(lines) + 2 * MARGIN), 255)
    pen = ImageDraw.Draw(picture)
    for place, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + place * step), line, font=found, fill=0)
    chance = np.random.default_rng(noise_seed(seed, text))
    if look.rotation:
        turned = float(chance.uniform(-look.rotation, look.rotation))
        picture = picture.rotate(turned, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    if look.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(look.blur))
    grey = np.asarray(picture, dtype=np.float64)
    if look.noise:
        grey = grey + chance.normal(0.0, look.noise, grey.shape)
    pixels = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    height, width = pixels.shape
    return b"P5 %d %d 255\n" % (width, height) + pixels.tobytes()


def seen(text: str) -> str:
    """What of a text is to be seen: composed characters, nothing of what is invisible, tabs and the like as spaces."""
    out = []
    for character in unicodedata.normalize("NFC", text):
        if character.isspace():
            out.append("\n" if character in "\n\r\x0b\x0c\x85\u2028\u2029" else " ")
        elif unicodedata.category(character) not in ("Cc", "Cf") and not _is_selector(character):
            out.append(character)
        elif unicodedata.bidirectional(character) in _REORDERED:
            out.append(character)  # invisible, but it moves what is to be seen: `undrawable` says so
    return "".join(out)


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def undrawable(visible: str, font: Any) -> str:
    """Why a text cannot be drawn as a reader would see it, or nothing."""
    if not visible.strip():
        return "nothing of the text can be seen"
    if any(unicodedata.bidirectional(c) in _REORDERED for c in visible):
        return "the text is not written from left to right alone, and pictures are drawn from left to right"
    absent = sorted({c for c in visible if not c.isspace() and not _has(font, c)})
    if absent:
        codes = ", ".join(f"U+{ord(c):04X}" for c in absent[:5])
        return f"the font has no sign for {codes}; name another one: ocr:3,font=PATH"
    return ""


@lru_cache(maxsize=16)
def _font(name: str, px: int) -> Any:
    return load_font(name, px)


_UNASSIGNED = "\U0010fffd"
_KNOWN: dict[tuple[str, int, str], bool] = {}


def _has(font: Any, character: str) -> bool:
    """Whether a font has a sign of its own for a character: another one than it draws for what no font has."""
    key = (str(font.path), int(font.size), character)
    if key not in _KNOWN:
        surrogate = "\ud800" <= character <= "\udfff"
        _KNOWN[key] = not surrogate and bytes(font.getmask(character)) != bytes(font.getmask(_UNASSIGNED))
    return _KNOWN[key]
