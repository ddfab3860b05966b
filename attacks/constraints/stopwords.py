"""Stop words: closed-class words that attacks leave alone, as the greedy word-substitution papers do."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

from attacks.constraints.base import Constraint, replaced
from attacks.search import Candidate
from attacks.words import Words

_ENGLISH = """
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves one oneself
who whom whose which what whatever whichever whoever that this these those
somebody someone something anybody anyone anything everybody everyone everything nobody none nothing
a an the some any each every either neither both all another other others such same own few many much more most several
am is are was were be been being have has had having do does did doing done
can could may might must shall should will would ought need dare
about above across after against along among amongst around as at before behind below beneath beside besides between
beyond by down during except for from in inside into like near of off on onto out outside over past per since
through throughout to toward towards under underneath until up upon via with within without
and but or nor so yet if unless because although though while whereas whether than then once
when whenever where wherever why how however
not no never too very just only also even still again further here there now ever else
ain't aren't can't cannot couldn't didn't doesn't don't hadn't hasn't haven't isn't mightn't mustn't needn't shan't shouldn't
wasn't weren't won't wouldn't i'm i've i'd i'll you're you've you'd you'll he's he'd he'll she's she'd she'll it's it'd it'll
we're we've we'd we'll they're they've they'd they'll that's that'll there's here's what's who's where's how's let's
s t d m ll re ve
"""
_WEIGHTY = """
somebody someone something anybody anyone anything everybody everyone everything nobody none nothing another every either neither
many much several could might must shall should would ought need dare like near past without within except beyond
unless although though while whereas whether however whatever whichever whoever whenever wherever
never even still ever yet else also cannot
"""
LISTS: dict[str, frozenset[str]] = {"en": frozenset(_ENGLISH.split())}
"""Stop words by language, in lower case with a straight apostrophe."""
WEIGHTY: dict[str, frozenset[str]] = {"en": frozenset(_WEIGHTY.split())}
"""Of these the ones that say how much, whether, or the contrary, and are long enough to be read with a slip in them."""


@lru_cache(1 << 16)
def is_stop_word(word: str, language: str = "en") -> bool:
    """Whether the word is on the list of its language, letter case and shape of apostrophe aside."""
    return word.lower().replace("’", "'") in LISTS[language]


@dataclass(frozen=True)
class StopWords(Constraint):
    """Function words stay as they are.

    ``spelling``: what is exchanged are letters, not words, so that those that weigh (``WEIGHTY``) may be misspelt: "nothing" with
    a slip is read as "nothing", where another word in its place would say something else.
    """

    name: ClassVar[str] = "stop-words"
    language: str = "en"
    extra: frozenset[str] = field(default=frozenset(), repr=False)
    spelling: bool = False

    def __post_init__(self) -> None:
        if self.language not in LISTS:
            raise ValueError(f"no stop words for language {self.language!r}; known: {', '.join(sorted(LISTS))}")

    def describe(self) -> str:
        """The rule in plain words."""
        free = len(WEIGHTY[self.language]) if self.spelling else 0
        kept = (
            f"function words ({len(LISTS[self.language]) - free + len(self.extra)} of language {self.language!r}) are not touched"
        )
        return f"{kept}; {free} that weigh, such as 'never', may be misspelt" if free else kept

    def _free(self, word: str) -> bool:
        if self.extra and word.lower() in self.extra:
            return False
        return not is_stop_word(word, self.language) or (self.spelling and word.lower() in WEIGHTY[self.language])

    def allows_word(self, words: Words, index: int) -> bool:
        """Whether the original word is not a stop word."""
        return self._free(words.original_word(index))

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether no stop word was replaced."""
        return all(self._free(before) for before, _ in replaced(original, candidate))
