"""Constraints: what a candidate may not do, one rule a file."""

from attacks.constraints.amount import MaxEditDistance, MaxWordsChanged
from attacks.constraints.antonyms import NotAntonym
from attacks.constraints.base import Constraint, admissible, replaced, word_allowed
from attacks.constraints.length import MinWordLength
from attacks.constraints.part_of_speech import PartOfSpeech
from attacks.constraints.polarity import Polarity
from attacks.constraints.profiles import PROFILES, Profile, constraints, profile
from attacks.constraints.readable import Readable
from attacks.constraints.repeat import NoRepeat
from attacks.constraints.sense import SenseInContext
from attacks.constraints.similarity import MinWordCosine, SentenceSimilarity
from attacks.constraints.stopwords import StopWords

__all__ = [
    "PROFILES",
    "Constraint",
    "MaxEditDistance",
    "MaxWordsChanged",
    "MinWordCosine",
    "MinWordLength",
    "NoRepeat",
    "NotAntonym",
    "PartOfSpeech",
    "Polarity",
    "Profile",
    "Readable",
    "SenseInContext",
    "SentenceSimilarity",
    "StopWords",
    "admissible",
    "constraints",
    "profile",
    "replaced",
    "word_allowed",
]
