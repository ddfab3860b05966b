"""Which language a text is written in, detected cheaply: by its script, and in Latin script by its function words.

English is the one language that must never be taken for another, because attacks made for English are left out elsewhere: what
is not told with certainty stays ``unknown``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import regex

from attacks.constraints.stopwords import LISTS
from attacks.transformations.tables import table

UNKNOWN = "unknown"
_SCRIPTS = {
    "Latn": "Latin",
    "Hani": "Han",
    "Hira": "Hiragana",
    "Kana": "Katakana",
    "Hang": "Hangul",
    "Cyrl": "Cyrillic",
    "Grek": "Greek",
    "Arab": "Arabic",
    "Hebr": "Hebrew",
    "Deva": "Devanagari",
    "Beng": "Bengali",
    "Taml": "Tamil",
    "Telu": "Telugu",
    "Thai": "Thai",
    "Laoo": "Lao",
    "Khmr": "Khmer",
    "Mymr": "Myanmar",
    "Geor": "Georgian",
    "Armn": "Armenian",
    "Ethi": "Ethiopic",
    "Gujr": "Gujarati",
    "Guru": "Gurmukhi",
    "Knda": "Kannada",
    "Mlym": "Malayalam",
    "Sinh": "Sinhala",
}
_LETTER = regex.compile("|".join(rf"(?P<{code}>\p{{{name}}}+)" for code, name in _SCRIPTS.items()) + r"|(?P<Zyyy>\p{L}+)")
_DENSE = {"Hani": 3.0, "Hira": 2.0, "Kana": 2.0, "Hang": 2.5}
"""How many letters of an alphabet one sign is worth: a Chinese sentence with a brand name in it is Chinese."""
_ONE_LANGUAGE = {
    **{"Grek": "el", "Hebr": "he", "Thai": "th", "Laoo": "lo", "Khmr": "km", "Mymr": "my", "Hang": "ko", "Beng": "bn"},
    **{"Taml": "ta", "Telu": "te", "Geor": "ka", "Armn": "hy", "Gujr": "gu", "Guru": "pa", "Knda": "kn", "Mlym": "ml"},
    **{"Sinh": "si"},
}
_OWN_LETTERS: dict[str, tuple[tuple[str, str], ...]] = {
    "Cyrl": (("іїєґ", "uk"), ("ў", "be"), ("ђћљњџ", "sr"), ("ѓќѕ", "mk"), ("ыэё", "ru")),
    "Arab": (("ٹڈڑںے", "ur"), ("پچژگ", "fa"), ("ةىأإؤئ", "ar")),
}
"""Letters that one language of a script has and the others lack; the first that occurs decides."""
SCRIPT_OF: dict[str, str] = {
    **{language: script for script, language in _ONE_LANGUAGE.items()},
    **{language: script for script, rows in _OWN_LETTERS.items() for _, language in rows},
    **{"zh": "Hani", "ja": "Hani", "bg": "Cyrl", "hi": "Deva", "mr": "Deva", "ne": "Deva", "am": "Ethi"},
}
"""The script of languages that are not written in Latin letters; Japanese counts as Han, which it shares with Chinese."""
_MOSTLY = 0.6
_TOKEN = regex.compile(r"\p{Latin}[\p{Latin}\p{M}]*(?:'\p{Latin}+)*")
_ASCII_TOKEN = re.compile("[a-z]+(?:'[a-z]+)*")
_LONGEST = 4000
_LOANS = frozenset(
    """la le les el los las lo de del della di da dos das des du der die das den van von y e o i u a en et un una une un al
    no on se si me mi ma as is in im so per con ad par pro ex te to do sa za san ce il son tu es at may may par fin ne ni
    si san sans sur que sera via film""".split()
)
"""Words that stand in English names and phrases (La La Land, Los Angeles, et al.): they say little alone."""


@dataclass(frozen=True, slots=True)
class Guess:
    """``language``: an ISO 639-1 code, or ``unknown``. ``script``: the ISO 15924 code of most letters, or empty for a mixture."""

    language: str = UNKNOWN
    script: str = ""

    @property
    def told(self) -> bool:
        """Whether anything is certain: the language, or at least that it is not written in Latin letters."""
        return self.language != UNKNOWN or self.script not in ("", "Latn")

    @property
    def shown(self) -> str:
        """The language, or the script where that is all that is known."""
        return self.language if self.language != UNKNOWN or self.script in ("", "Latn") else f"unknown ({self.script})"


def known_by(languages: Sequence[str], guess: Guess) -> bool:
    """Whether something that works on these languages may work on a text: only what is certain speaks against it."""
    if "*" in languages or not guess.told:
        return True
    if guess.language != UNKNOWN:
        return guess.language in languages
    return any(SCRIPT_OF.get(language, "Latn") == guess.script for language in languages)


@lru_cache(1 << 14)
def guess(text: str) -> Guess:
    """The language of one text, as far as it is certain."""
    text = text[:_LONGEST]
    script = "Latn" if text.isascii() else _script(text)
    if script == "Latn":
        return Guess(_by_function_words(text), script)
    if script == "Hani":
        return Guess("ja" if _has_kana(text) else "zh", script)
    if script in _ONE_LANGUAGE:
        return Guess(_ONE_LANGUAGE[script], script)
    lowered = text.lower()
    own = (language for letters, language in _OWN_LETTERS.get(script, ()) if any(letter in lowered for letter in letters))
    return Guess(next(own, UNKNOWN), script)


def _script(text: str) -> str:
    weights: dict[str, float] = defaultdict(float)
    for match in _LETTER.finditer(text):
        script = match.lastgroup or ""
        weights[script] += len(match.group()) * _DENSE.get(script, 1.0)
    kana = weights.pop("Hira", 0.0) + weights.pop("Kana", 0.0)
    if kana:
        weights["Hani"] += kana
    total = sum(weights.values())
    best = max(weights, key=weights.__getitem__, default="")
    return best if total and weights[best] >= _MOSTLY * total and best != "Zyyy" else ""


_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_HAN = regex.compile(r"\p{Han}")
_KANA_SHARE = 0.1
"""Japanese is a third kana and more; a Chinese text may hold a の for ornament."""


def _has_kana(text: str) -> bool:
    kana = len(_KANA.findall(text))
    return kana > _KANA_SHARE * (kana + len(_HAN.findall(text)))


_MANY_TOKENS = 100
"""In longer texts a smaller share of function words is as certain, as long as there are more different ones."""


def _by_function_words(text: str) -> str:
    """The language that has three times the function words that only English has, two of them telling; or English, or unknown."""
    lowered = text.lower().replace("’", "'")
    tokens: list[str] = (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(lowered)
    index, english = _index(), LISTS["en"]
    ours, telling, shared = Counter[str](), Counter[str](), Counter[str]()
    plain = english_alone = 0
    for token in tokens:
        languages = index.get(token, ())
        if token in english:
            plain += len(token) > 1 or token in "ai"  # a lone s or d is a place holder as often as the end of "it's"
            english_alone += len(token) > 1 and not languages
            shared.update(languages)
        else:
            ours.update(languages)
    many = len(tokens) > _MANY_TOKENS
    enough = len(tokens) / (20 if many else 8)
    if ours:
        for token in set(tokens) - english - _LOANS:
            telling.update(index.get(token, ()))
        best = min(ours, key=lambda language: (-ours[language], -telling[language], language))
        if ours[best] >= max(3, enough, 3 * (plain - shared[best])) and telling[best] >= (5 if many else 2):
            return best
    return "en" if english_alone and plain >= max(2, enough) and plain > 2 * max(ours.values(), default=0) else UNKNOWN


@cache
def _index() -> dict[str, tuple[str, ...]]:
    """The languages that have a function word."""
    found: dict[str, tuple[str, ...]] = {}
    for language, words in table("function_words").items():
        for word in words:
            found[word] = (*found.get(word, ()), language)
    return found


_AGREE = 0.9
_POOLED = 50_000
_LOOKED_AT = 2000
"""Texts of a large data set that a survey looks at, evenly spaced."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The languages of many texts.

    ``main``: what nine in ten of them are in, or unknown. ``counts``: of the ``texts`` looked at, how many are in which.
    """

    main: Guess
    counts: tuple[tuple[str, int], ...]
    texts: int

    @property
    def mixed(self) -> bool:
        """Whether texts of several languages, each told with certainty, stand side by side."""
        return self.main.language == UNKNOWN and len([name for name, _ in self.counts if name != UNKNOWN]) > 1

    def described(self) -> str:
        """Shares in words, the most frequent language first: ``zh 299, en 1``."""
        return ", ".join(f"{name} {count}" for name, count in self.counts)


def survey(texts: Sequence[str]) -> Survey:
    """What the texts of a data set are written in; those too short to tell are judged together."""
    looked_at = min(len(texts), _LOOKED_AT)
    texts = [texts[i * len(texts) // looked_at] for i in range(looked_at)]
    guesses = [guess(text) for text in texts]
    vague = [text for text, one in zip(texts, guesses, strict=True) if not one.told]
    together = guess_of_many(vague) if vague else Guess()
    counted = Counter(one if one.told else together for one in guesses)
    ranked = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0].shown))
    most, count = ranked[0] if ranked else (Guess(), 0)
    counts: Counter[str] = Counter()
    for one, n in ranked:
        counts[one.shown] += n
    return Survey(most if count >= _AGREE * len(texts) else Guess(), tuple(counts.most_common()), len(texts))


def guess_of_many(texts: Sequence[str]) -> Guess:
    """The language of several short texts taken as one."""
    found = Guess(_by_function_words("\n".join(texts)[:_POOLED]), "Latn")
    return found if found.language != UNKNOWN else Guess()
