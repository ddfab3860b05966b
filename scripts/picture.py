"""Draw ``docs/images/report.png``, the picture of a report on the README's first screen, with headless Chromium.

    python scripts/picture.py [RUN]

Without a run folder the demo is audited first, as ``make audit`` does. Needs the program ``chromium`` and Pillow (extra ``ocr``).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1280, 1000
COLOURS = 64
MOST_BYTES = 150_000
DEMO = "audit --victim demo --recipes standard --budget 150 --limit 150 --seed 0 --offline --quiet --no-github".split()
FLAGS = "--headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1".split()


def main(run: str | None) -> None:
    """Audit unless there is a run, draw its page, and shrink the picture."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(run) if run else Path(scratch) / "demo"
        if run is None:
            subprocess.run([sys.executable, "-m", "robustness", *DEMO, "--out", str(folder)], check=True)
        drawn = Path(scratch) / "report.png"
        draw(folder / "report.html", drawn)
        PICTURE.parent.mkdir(exist_ok=True)
        shrink(drawn, PICTURE)
    size = PICTURE.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{PICTURE.name} takes {size:,} bytes, more than {MOST_BYTES:,}: lower COLOURS or HEIGHT")
    print(f"{PICTURE.name}: {size:,} bytes")


def draw(page: Path, target: Path) -> None:
    """A screenshot of the top of a page, in the light colours."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no chromium on the PATH; install it, such as with apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, *FLAGS, f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}"]
        subprocess.run(
            [*command, f"--screenshot={target}", page.resolve().as_uri()], check=True, capture_output=True, timeout=120
        )


def shrink(source: Path, target: Path) -> None:
    """The same picture in few colours, which a page of text needs no more of."""
    from PIL import Image

    with Image.open(source) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
