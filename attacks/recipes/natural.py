"""The natural suite: noise that comes without an adversary, sampled at rising severity. One recipe per technique."""

from __future__ import annotations

from functools import partial

from attacks.preserves import FORM
from attacks.recipes.assemble import keyboard_typo
from attacks.recipes.registry import Options, register, register_suite
from attacks.search import Citation, Recipe, Scan, Speak
from attacks.strategies.carrying import Carrying
from attacks.strategies.sampling import Ladder
from attacks.tagging import chosen as tagger_name
from attacks.transformations import transformations
from attacks.transformations.base import LATIN, SEVERITIES, Transformation
from attacks.transformations.paraphrase.contractions import Contraction, Expansion
from attacks.transformations.words.noise import NEGATIONS, WordDrop

TECHNIQUES: dict[str, Transformation] = {technique.name: technique for technique in transformations()}
TAGGED: dict[str, type[Contraction | Expansion]] = {"contraction": Contraction, "expansion": Expansion}
"""Techniques that a tagger decides for."""
DELIBERATE = ("bidi-reorder", "deletion-character", "homoglyph", "invisible-character", "leetspeak", "visual-character")
"""Techniques that nobody slips into: they can be sampled by name and are no part of the suite."""
REWORDING = ("embedding-neighbour", "framing", "rule-paraphrase", "synonym")
"""Rewordings that a search chooses among; drawn at random they are other texts rather than noise."""


def natural(technique: str, options: Options) -> Recipe:
    """One technique at severities 1 to 5, one text each, blind: nothing is learned from the victim's answers."""
    noise: Transformation = TECHNIQUES[technique]
    tagger: tuple[tuple[str, str], ...] = ()
    if technique == "keyboard-typo":
        noise = keyboard_typo(options)
    elif technique == "word-drop" and options.language in NEGATIONS:
        noise = WordDrop(language=options.language)
    elif technique in TAGGED:
        noise, tagger = TAGGED[technique](options.tagger), (("tagger", tagger_name(options.tagger)),)
    return Recipe(
        name=f"natural:{technique}",
        attack=Ladder(noise),
        citation=noise.citation,
        level=noise.level,
        access="blind",
        profile=options.profile,
        languages=noise.languages,
        preserves=noise.preserves,
        parameters=(
            ("transformations", technique),
            ("search", "none: one sampled text a severity"),
            ("severities", ", ".join(map(str, SEVERITIES))),
            ("constraints", "none: noise is measured as it comes"),
            *tagger,
        ),
        note=noise.description,
    )


for _technique in TECHNIQUES:
    if _technique not in REWORDING:
        register(f"natural:{_technique}")(partial(natural, _technique))
register_suite("natural", [f"natural:{name}" for name in TECHNIQUES if name not in (*DELIBERATE, *REWORDING)])


_PARAMETERS = (
    ("search", "none: one text a severity"),
    ("severities", ", ".join(map(str, SEVERITIES))),
    ("constraints", "none: what comes out of the channel is measured as it comes"),
)


@register("natural:ocr-real", by_name_only=True)
def ocr_real(options: Options) -> Recipe:
    """The text drawn and read back by a real program, at severities 1 to 5, blind."""
    return Recipe(
        name="natural:ocr-real",
        attack=Carrying(Scan, "ocr"),
        citation=Citation(
            "Smith 2007, An Overview of the Tesseract OCR Engine (ICDAR)", "https://doi.org/10.1109/ICDAR.2007.4376991"
        ),
        level="mixed",
        access="blind",
        profile=options.profile,
        needs=("ocr",),
        languages=LATIN,
        preserves=FORM,
        parameters=(("transformations", "drawn by Pillow, read by tesseract"), *_PARAMETERS),
        note="The text is drawn as a picture, smaller, blurred and noisy with severity, and what tesseract reads is asked.",
    )


@register("natural:speech-real", by_name_only=True)
def speech_real(options: Options) -> Recipe:
    """The text spoken and heard by real programs, at severities 1 to 5, blind."""
    return Recipe(
        name="natural:speech-real",
        attack=Carrying(Speak, "speech"),
        citation=Citation(
            "Radford et al. 2022, Robust Speech Recognition via Large-Scale Weak Supervision", "https://arxiv.org/abs/2212.04356"
        ),
        level="mixed",
        access="blind",
        profile=options.profile,
        needs=("speech",),
        preserves=FORM,
        parameters=(("transformations", "spoken by flite, heard by Whisper"), *_PARAMETERS),
        note="The text is spoken, in more noise with severity, and what Whisper hears is asked.",
    )
