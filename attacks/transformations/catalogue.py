"""Every technique there is: a new one is a new file and one import line here."""

from __future__ import annotations

from attacks.transformations.bidi import BidiReorder as BidiReorder
from attacks.transformations.case import CaseNoise as CaseNoise
from attacks.transformations.characters import CharacterDrop as CharacterDrop
from attacks.transformations.characters import CharacterInsert as CharacterInsert
from attacks.transformations.characters import CharacterRepeat as CharacterRepeat
from attacks.transformations.characters import CharacterSubstitute as CharacterSubstitute
from attacks.transformations.characters import CharacterSwap as CharacterSwap
from attacks.transformations.characters import SpaceInsert as SpaceInsert
from attacks.transformations.checklist import LocationChange as LocationChange
from attacks.transformations.checklist import NameChange as NameChange
from attacks.transformations.checklist import NumberChange as NumberChange
from attacks.transformations.contractions import Contraction as Contraction
from attacks.transformations.contractions import Expansion as Expansion
from attacks.transformations.deletion import DeletionCharacter as DeletionCharacter
from attacks.transformations.embedding import EmbeddingNeighbour as EmbeddingNeighbour
from attacks.transformations.homoglyphs import Homoglyph as Homoglyph
from attacks.transformations.homophones import Homophone as Homophone
from attacks.transformations.insertion import NeutralInsertion as NeutralInsertion
from attacks.transformations.invisible import InvisibleCharacter as InvisibleCharacter
from attacks.transformations.keyboard import KeyboardTypo as KeyboardTypo
from attacks.transformations.leet import Leetspeak as Leetspeak
from attacks.transformations.misspellings import CommonMisspelling as CommonMisspelling
from attacks.transformations.ocr import OcrConfusion as OcrConfusion
from attacks.transformations.paraphrase import RuleParaphrase as RuleParaphrase
from attacks.transformations.punctuation import PunctuationNoise as PunctuationNoise
from attacks.transformations.synonyms import Synonym as Synonym
from attacks.transformations.whitespace import WhitespaceNoise as WhitespaceNoise
from attacks.transformations.words_noise import WordDrop as WordDrop
from attacks.transformations.words_noise import WordOrder as WordOrder
