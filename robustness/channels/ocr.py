"""Text that came through a picture: drawn by Pillow, read back by tesseract."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version as package_version
from pathlib import Path

from robustness.channels import drawing, programs
from robustness.channels.channel import Lost, number, refuse_unknown, whole
from robustness.channels.drawing import FONT, Look, draw
from robustness.errors import UsageError, VictimError
from robustness.victims.extras import require

PACKAGES = f"tesseract-ocr tesseract-ocr-eng {drawing.FONT_PACKAGE}"
LOOKS = {
    1: Look(14),
    2: Look(10),
    3: Look(10, blur=0.6, noise=20, rotation=0.5),
    4: Look(10, blur=0.6, noise=30, rotation=0.5),
    5: Look(10, blur=0.6, noise=35, rotation=0.5),
}
"""The dial: word error rates are measured in ``docs/channels.md``."""
OPTIONS = ("px", "blur", "noise", "rotation", "columns", "font", "lang", "seed")
SECONDS = (30.0, 10.0)
"""Allowed for a batch, and for each picture in it."""
MOST = 64
"""Pictures that tesseract reads in one go: it loads its model once, and reads each by itself."""


@dataclass(frozen=True, slots=True)
class OcrSettings:
    """How texts are drawn and read; ``lang`` is tesseract's name of a language, ``spec`` what was typed."""

    look: Look
    severity: int = 1
    font: str = FONT
    lang: str = "eng"
    seed: int = 0
    typed: tuple[tuple[str, str], ...] = ()


def settings_of(severity: int, options: Mapping[str, str]) -> OcrSettings:
    """Settings from a severity and options, each of which replaces a value of the dial; raises ``UsageError``."""
    refuse_unknown("ocr", options, OPTIONS)
    base = LOOKS[severity]
    look = Look(
        px=whole(options, "px", base.px, 6, 100),
        blur=number(options, "blur", base.blur, 0, 10),
        noise=number(options, "noise", base.noise, 0, 255),
        rotation=number(options, "rotation", base.rotation, 0, 45),
        columns=whole(options, "columns", base.columns, 10, 400),
    )
    lang = options.get("lang", "eng")
    if not all(c.isascii() and (c.isalnum() or c in "_+") for c in lang):
        raise UsageError(f"lang must be a name of tesseract's such as eng or deu, got {lang!r}")
    seed = whole(options, "seed", 0, 0, 2**53)
    return OcrSettings(look, severity, options.get("font", FONT), lang, seed, tuple(sorted(options.items())))


def check(settings: OcrSettings) -> None:
    """Raise ``UsageError`` or ``MissingExtraError`` for what is not installed."""
    require("PIL", "ocr")
    drawing.load_font(settings.font, settings.look.px)
    program = programs.find("tesseract", PACKAGES)
    installed = _languages(program)
    missing = [lang for lang in settings.lang.split("+") if lang not in installed]
    if missing:
        raise UsageError(
            f"tesseract has no language {missing[0]!r}, it has: {', '.join(sorted(installed))}; "
            f"install it with: apt-get install tesseract-ocr-{missing[0].replace('_', '-')}"
        )


class Ocr:
    """The channel of scans."""

    def __init__(self, settings: OcrSettings) -> None:
        self.settings = settings
        self._program = programs.find("tesseract", PACKAGES)

    @property
    def name(self) -> str:
        """Severity and options as they are typed."""
        return ",".join([f"ocr:{self.settings.severity}", *(f"{key}={value}" for key, value in self.settings.typed)])

    def at(self, severity: int) -> Ocr:
        """Font, language, columns and seed stay."""
        kept = {key: value for key, value in self.settings.typed if key in ("font", "lang", "columns", "seed")}
        return Ocr(settings_of(severity, kept))

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Settings, font, program and its language data."""
        settings = self.settings
        data = _languages(self._program)
        return {
            "channel": "ocr",
            **{key: f"{value:g}" for key, value in asdict(settings.look).items()},
            "seed": str(settings.seed),
            "lang": settings.lang,
            "font": programs.file_pin(drawing.load_font(settings.font, settings.look.px).path),
            "tesseract": programs.version([self._program, "--version"]),
            "tessdata": "+".join(programs.file_pin(data[lang]) for lang in settings.lang.split("+") if lang in data),
            "pillow": package_version("pillow"),
        }

    def carry(self, texts: Sequence[str]) -> list[str | Lost]:
        """What tesseract reads of the picture of each text, on one line."""
        out: list[str | Lost] = []
        for first in range(0, len(texts), MOST):
            drawn = [
                draw(text, self.settings.look, self.settings.seed, self.settings.font) for text in texts[first : first + MOST]
            ]
            read = iter(self._read([picture for picture in drawn if not isinstance(picture, Lost)]))
            out += [picture if isinstance(picture, Lost) else next(read) for picture in drawn]
        return out

    def _read(self, pictures: Sequence[bytes]) -> list[str | Lost]:
        if not pictures:
            return []
        with tempfile.TemporaryDirectory(prefix="robustness-ocr-") as folder:
            files = [Path(folder, f"{place}.pgm") for place in range(len(pictures))]
            for file, picture in zip(files, pictures, strict=True):
                file.write_bytes(picture)
            listed = Path(folder, "pictures.txt")
            listed.write_text("".join(f"{file}\n" for file in files))
            lines = [" ".join(page.split()) for page in self._pages(listed, len(files))]
        return [line or Lost("tesseract read nothing in the picture of the text") for line in lines]

    def _pages(self, source: Path, count: int) -> list[str]:
        # no dictionary of words of earlier pages: what is read of a text depends on its picture alone
        command = [self._program, str(source), "stdout", "-l", self.settings.lang, "--psm", "6", "--oem", "1"]
        command += ["-c", "tessedit_enable_doc_dict=0"]
        read = programs.run(command, seconds=SECONDS[0] + SECONDS[1] * count).decode("utf-8", "replace").split("\f")
        if len(read) == count + 1 and not read[-1].strip():
            read.pop()  # tesseract 4 ends every page with what tesseract 5 writes between two
        if len(read) != count:
            raise VictimError(f"tesseract was given {count} pictures and returned {len(read)} pages")
        return read


def _languages(program: str) -> dict[str, Path]:
    """The languages that tesseract knows, each with its data file."""
    lines = programs.run([program, "--list-langs"], seconds=20).decode(errors="replace").splitlines()
    folder = Path(lines[0].partition('"')[2].partition('"')[0]) if lines else Path()
    return {name: folder / f"{name}.traineddata" for name in (line.strip() for line in lines[1:]) if name}
