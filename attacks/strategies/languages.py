"""An attack kept from texts of a language that it does not know: it has nothing to try there."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.language.detection import SCRIPT_OF, guess, known_by
from attacks.search import Attack, Search, Trial


@dataclass(frozen=True, slots=True)
class InLanguage:
    """The attack on texts that may be in one of ``languages``; of any other text nothing is asked, so that it stays untested.

    ``named``: the user has said what the texts are in, and only another script speaks against it.
    """

    attack: Attack
    languages: tuple[str, ...]
    named: bool = False

    def search(self, trial: Trial) -> Search[None]:
        """Search, or end at once."""
        if self.may_know(trial.text):
            yield from self.attack.search(trial)

    def may_know(self, text: str) -> bool:
        """Whether nothing certain speaks against the text being in one of the languages."""
        found = guess(text)
        if self.named and found.told:
            return found.script == "Latn" or any(SCRIPT_OF.get(language, "Latn") == found.script for language in self.languages)
        return known_by(self.languages, found)
