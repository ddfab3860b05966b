"""Recipes: published attacks by name. Each file registers what it builds; adding a recipe is one file and one line here."""

from attacks.recipes import (  # noqa: F401 - importing a recipe registers it
    a2t,
    add_sentence,
    annealing,
    bad_characters,
    bae,
    bert_attack,
    checklist,
    composing,
    deepwordbug,
    dialogues,
    entities,
    extract,
    fairness,
    format,
    framing,
    guard,
    hotflip,
    inject,
    input_reduction,
    learned,
    natural,
    option_order,
    paraphrase,
    pruthi,
    pwws,
    standard,
    suffixes,
    textbugger,
    textfooler,
    triggers,
    viper,
)
from attacks.recipes.registry import (
    LanguageError,
    Options,
    build,
    left_out,
    limits,
    names,
    register,
    register_family,
    register_suite,
    resolve,
    suites,
    unfit,
    unfit_members,
)
from attacks.search import Recipe

__all__ = [
    "LanguageError",
    "Options",
    "build",
    "left_out",
    "limits",
    "names",
    "register",
    "register_family",
    "register_suite",
    "resolve",
    "suites",
    "unfit",
    "unfit_members",
]


def _textattack(name: str, options: Options) -> Recipe:
    from attacks import textattack_bridge  # the bridge knows the recipes by reading; TextAttack itself is loaded to build one

    return textattack_bridge.build(name, options)


register_family("textattack:", _textattack)
