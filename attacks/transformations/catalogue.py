"""Every technique there is: a new one is a new file and one import line here."""

from __future__ import annotations

from attacks.transformations.characters.bidi import BidiReorder as BidiReorder
from attacks.transformations.characters.case import CaseNoise as CaseNoise
from attacks.transformations.characters.deletion import DeletionCharacter as DeletionCharacter
from attacks.transformations.characters.homoglyphs import Homoglyph as Homoglyph
from attacks.transformations.characters.invisible import InvisibleCharacter as InvisibleCharacter
from attacks.transformations.characters.keyboard import KeyboardTypo as KeyboardTypo
from attacks.transformations.characters.leet import Leetspeak as Leetspeak
from attacks.transformations.characters.ocr import OcrConfusion as OcrConfusion
from attacks.transformations.characters.punctuation import PunctuationNoise as PunctuationNoise
from attacks.transformations.characters.slips import CharacterDrop as CharacterDrop
from attacks.transformations.characters.slips import CharacterInsert as CharacterInsert
from attacks.transformations.characters.slips import CharacterRepeat as CharacterRepeat
from attacks.transformations.characters.slips import CharacterSubstitute as CharacterSubstitute
from attacks.transformations.characters.slips import CharacterSwap as CharacterSwap
from attacks.transformations.characters.slips import SpaceInsert as SpaceInsert
from attacks.transformations.characters.visual import VisualCharacter as VisualCharacter
from attacks.transformations.characters.whitespace import WhitespaceNoise as WhitespaceNoise
from attacks.transformations.paraphrase.contractions import Contraction as Contraction
from attacks.transformations.paraphrase.contractions import Expansion as Expansion
from attacks.transformations.paraphrase.framing import Framing as Framing
from attacks.transformations.paraphrase.paraphrase import RuleParaphrase as RuleParaphrase
from attacks.transformations.words.checklist import LocationChange as LocationChange
from attacks.transformations.words.checklist import NameChange as NameChange
from attacks.transformations.words.checklist import NumberChange as NumberChange
from attacks.transformations.words.embedding import EmbeddingNeighbour as EmbeddingNeighbour
from attacks.transformations.words.homophones import Homophone as Homophone
from attacks.transformations.words.insertion import NeutralInsertion as NeutralInsertion
from attacks.transformations.words.misspellings import CommonMisspelling as CommonMisspelling
from attacks.transformations.words.noise import WordDrop as WordDrop
from attacks.transformations.words.noise import WordOrder as WordOrder
from attacks.transformations.words.synonyms import Synonym as Synonym
