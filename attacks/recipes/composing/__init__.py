"""Recipes composed by hand: ``greedy(synonym+keyboard-typo, ranking=gradient, max-words=0.2)``, read by a small grammar.

Text becomes a tree (``syntax``), the tree is checked against the parts that there are (``reading``, ``entries``), and the checked
``Part`` is built (``building``) or printed in its one canonical form (``parts``). Nothing is ever evaluated.
"""

from attacks.recipes.composing.building import canonical, canonical_specs, compose, parsed
from attacks.recipes.composing.entries import KINDS, SEARCHES, Entry, entries
from attacks.recipes.composing.parts import Parameter, Part, parameter_printed, printed
from attacks.recipes.composing.syntax import CompositionError, nearest
from attacks.recipes.specs import is_composed, split_specs

__all__ = [
    "KINDS",
    "SEARCHES",
    "CompositionError",
    "Entry",
    "Parameter",
    "Part",
    "canonical",
    "canonical_specs",
    "compose",
    "entries",
    "is_composed",
    "nearest",
    "parameter_printed",
    "parsed",
    "printed",
    "split_specs",
]
