"""What was published about the recipes that TextAttack ships: citations, languages, variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from attacks.search import Citation

ARXIV = "https://arxiv.org/abs/"
CITATIONS: Mapping[str, Citation] = {
    "a2t-yoo-2021": Citation("Yoo and Qi 2021, Towards Improving Adversarial Training of NLP Models", ARXIV + "2109.00544"),
    "bad-characters-2021": Citation("Boucher et al. 2022, Bad Characters: Imperceptible NLP Attacks", ARXIV + "2106.09898"),
    "bae-garg-2019": Citation(
        "Garg and Ramakrishnan 2020, BAE: BERT-based Adversarial Examples for Text Classification", ARXIV + "2004.01970"
    ),
    "bert-attack-li-2020": Citation(
        "Li et al. 2020, BERT-ATTACK: Adversarial Attack Against BERT Using BERT", ARXIV + "2004.09984"
    ),
    "checklist-ribeiro-2020": Citation(
        "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", ARXIV + "2005.04118"
    ),
    "clare-li-2020": Citation("Li et al. 2021, Contextualized Perturbation for Textual Adversarial Attack", ARXIV + "2009.07502"),
    "deepwordbug-gao-2018": Citation(
        "Gao et al. 2018, Black-box Generation of Adversarial Text Sequences to Evade Deep Learning Classifiers",
        ARXIV + "1801.04354",
    ),
    "faster-genetic-algorithm-jia-2019": Citation(
        "Jia et al. 2019, Certified Robustness to Adversarial Word Substitutions", ARXIV + "1909.00986"
    ),
    "genetic-algorithm-alzantot-2018": Citation(
        "Alzantot et al. 2018, Generating Natural Language Adversarial Examples", ARXIV + "1804.07998"
    ),
    "hotflip-ebrahimi-2017": Citation(
        "Ebrahimi et al. 2018, HotFlip: White-Box Adversarial Examples for Text Classification", ARXIV + "1712.06751"
    ),
    "iga-wang-2019": Citation(
        "Wang et al. 2021, Natural Language Adversarial Defense through Synonym Encoding", ARXIV + "1909.06723"
    ),
    "input-reduction-feng-2018": Citation(
        "Feng et al. 2018, Pathologies of Neural Models Make Interpretations Difficult", ARXIV + "1804.07781"
    ),
    "kuleshov-2017": Citation(
        "Kuleshov et al. 2018, Adversarial Examples for Natural Language Classification Problems",
        "https://openreview.net/forum?id=r1QZ3zbAZ",
    ),
    "leap-2023": Citation("Xiao et al. 2023, LEAP: Efficient and Automated Test Method for NLP Software", ARXIV + "2308.11284"),
    "morpheus-tan-2020": Citation(
        "Tan et al. 2020, It's Morphin' Time! Combating Linguistic Discrimination with Inflectional Perturbations",
        "https://aclanthology.org/2020.acl-main.263",
    ),
    "pruthi-2019": Citation(
        "Pruthi et al. 2019, Combating Adversarial Misspellings with Robust Word Recognition", ARXIV + "1905.11268"
    ),
    "pso-zang-2020": Citation(
        "Zang et al. 2020, Word-level Textual Adversarial Attacking as Combinatorial Optimization",
        "https://aclanthology.org/2020.acl-main.540",
    ),
    "pwws-ren-2019": Citation(
        "Ren et al. 2019, Generating Natural Language Adversarial Examples through Probability Weighted Word Saliency",
        "https://aclanthology.org/P19-1103",
    ),
    "seq2sick-cheng-2018-blackbox": Citation(
        "Cheng et al. 2020, Seq2Sick: Evaluating the Robustness of Sequence-to-Sequence Models with Adversarial Examples",
        ARXIV + "1803.01128",
    ),
    "textbugger-li-2018": Citation(
        "Li et al. 2019, TextBugger: Generating Adversarial Text Against Real-world Applications", ARXIV + "1812.05271"
    ),
    "textfooler-jin-2019": Citation(
        "Jin et al. 2020, Is BERT Really Robust? A Strong Baseline for Natural Language Attack", ARXIV + "1907.11932"
    ),
}
NO_PAPER = Citation("A recipe of TextAttack's own (Morris et al. 2020, TextAttack)", ARXIV + "2005.05909")

LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "bad-characters-2021": ("*",),
    "chinese-recipe": ("zh",),
    "french-recipe": ("fr",),
    "spanish-recipe": ("es",),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to build a recipe that takes arguments: which, and the components that it then leaves out."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


_CHARACTERS = {
    "homoglyphs": "WordSwapHomoglyphSwap",
    "invisible": "WordSwapInvisibleCharacters",
    "deletions": "WordSwapDeletions",
    "reorderings": "WordSwapReorderings",
}
_OTHER_GOALS = {
    "TargetedStrict", "TargetedBonus", "NamedEntityRecognition", "LogitSum", "MinimizeBleu", "MaximizeLevenshtein",
}  # fmt: skip


def _bad(kind: str) -> Variant:
    others = {component for name, component in _CHARACTERS.items() if name != kind}
    arguments = {"goal_function_type": "targeted_classification", "perturbation_type": kind}
    return Variant(arguments, frozenset(others | _OTHER_GOALS))


VARIANTS: Mapping[str, Mapping[str, Variant]] = {
    "bad-characters-2021": {"": _bad("homoglyphs"), **{f"-{kind}": _bad(kind) for kind in list(_CHARACTERS)[1:]}},
    "a2t-yoo-2021": {
        "": Variant(without=frozenset({"WordSwapMaskedLM"})),
        "-mlm": Variant({"mlm": True}, frozenset({"WordSwapEmbedding", "WordEmbeddingDistance"})),
    },
}
"""Recipe, and suffix of the name, of each variant; a recipe that is not named here has one, without arguments."""
