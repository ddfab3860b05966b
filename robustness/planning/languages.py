"""The language of a run: named by the user or guessed from the texts; which recipes that leaves out, and what is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustness.planning.self_checks import CODES, Flag

if TYPE_CHECKING:
    from attacks.language.detection import Survey
    from robustness.settings import Settings

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class RunLanguage:
    """``code``: what recipes are chosen for; ``unknown`` fits recipes for any language. ``named``: by the user, not guessed."""

    code: str
    named: bool
    survey: Survey

    def refused(self, problem: str) -> str:
        """Why a recipe that was named cannot run here, and what to do."""
        if self.named:
            return f"{problem}, which --language names; leave it out, or name a recipe for any language, such as deepwordbug"
        return (
            f"{problem}, which the texts look like ({self.survey.described()}). Name a recipe for any language, such as "
            "deepwordbug, or say --language en if the texts are English after all"
        )


def language_of(named: str | None, texts: Sequence[str]) -> RunLanguage:
    """The language that ``--language`` names; else the guess, and English where texts in Latin script do not tell."""
    from attacks.language.detection import UNKNOWN, survey

    found = survey(texts)
    if named is not None:
        return RunLanguage(named, True, found)
    main, seen = found.main, {name for name, _ in found.counts}
    if main.language != UNKNOWN:
        return RunLanguage(main.language, False, found)
    foreign = main.told or (found.mixed and not seen & {"en", UNKNOWN})
    return RunLanguage(UNKNOWN if foreign else "en", False, found)


def record(language: RunLanguage, texts: Iterable[str]) -> dict[str, str]:
    """What two runs must share to be compared: the language, where it is not English, and what cuts unspaced scripts."""
    from attacks.language.segmentation import UNSPACED, segmenter

    found = {} if language.code == "en" else {"language": language.code}
    return found | ({"segmenter": segmenter().name} if any(UNSPACED.search(text) for text in texts) else {})


def asked(settings: Settings) -> dict[str, Any]:
    """What the user said about the texts, if anything: a policy may want less protected, or another language."""
    protect = {"protect": list(settings.protect)} if settings.protect else {}
    return protect | ({"language": settings.language} if settings.language else {})


def doubts(language: RunLanguage, left_out: Sequence[str], texts: Iterable[str]) -> list[Flag]:
    """What is to be said of the language of the texts and of where their words end."""
    return [*_about_language(language, left_out), *_about_words(texts)]


def _about_language(language: RunLanguage, left_out: Sequence[str]) -> list[Flag]:
    from attacks.language.detection import UNKNOWN

    found, flags = language.survey, []
    shares = f"of {found.texts} texts, {found.described()}"
    if left_out:
        names = ", ".join(left_out[:_SHOWN]) + (f" and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else "")
        flags.append(_flag(f"left out, since they do not know the language {language.code!r} ({shares}): {names}", len(left_out)))
    if language.named:
        counts = dict(found.counts)
        others = found.texts - counts.get(language.code, 0) - counts.get(UNKNOWN, 0)
        if language.code != "en" and counts.get("en", 0) > found.texts / 2:
            message = f"{CODES['not-this-language']}: --language says {language.code}; {shares}"
            flags.append(Flag("not-this-language", "warning", message, float(counts["en"])))
        elif others > found.texts / 2:
            flags.append(_flag(f"--language says {language.code}, but the texts look different: {shares}", others))
    elif found.mixed:
        flags.append(_flag(f"{shares}: each recipe leaves untested those whose language it does not know", found.texts))
    elif found.main.language == UNKNOWN and not found.main.told:
        said = "the language of the texts is not clear; recipes for English were used: name another with --language"
        flags.append(Flag("language", "note", said))
    return flags


def _flag(message: str, value: float) -> Flag:
    return Flag("language", "warning", f"{CODES['language']}: {message}", float(value))


def _about_words(texts: Iterable[str]) -> list[Flag]:
    from attacks.language.segmentation import EXTRA, UNSPACED, segmenter

    count = sum(UNSPACED.search(text) is not None for text in texts)
    if not count or segmenter().knows_words:
        return []
    return [Flag("segmentation", "note", f"{CODES['segmentation']} ({count} texts); {EXTRA} cuts them by dictionary", count)]
