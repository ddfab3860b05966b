"""Prompt injection: an instruction that only an attacker would write, put where an attacker can, searched for across examples."""

from __future__ import annotations

from attacks.preserves import MEANING
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.injecting.bandit import CREDIT, PRIOR
from attacks.strategies.injecting.search import CONTROLS, MOST_TRIES, ROUND, Injecting
from attacks.transformations.payloads.disguises import DISGUISES, MOST_DEEP
from attacks.transformations.payloads.families import FAMILIES
from attacks.transformations.payloads.places import PLACES

CITATION = Citation(
    "Greshake et al. 2023, Not What You've Signed Up For: Compromising Real-World LLM-Integrated Applications with Indirect "
    "Prompt Injection",
    "https://arxiv.org/abs/2302.12173",
)
_SPACE = f"{len(FAMILIES)} families, {len(DISGUISES)} disguises up to {MOST_DEEP} deep, {len(PLACES)} places"


def _recipe(options: Options, name: str, *, learns: bool, search: str, note: str) -> Recipe:
    return Recipe(
        name=name,
        attack=Injecting(learns=learns),
        citation=CITATION,
        level="sentence",
        access="labels",
        profile="paper",  # no profile constrains it: an injection is not meant to be like the text
        languages=("*",),
        parameters=(
            ("transformations", _SPACE),
            ("search", search),
            ("constraints", f"at most {MOST_TRIES} injected texts a trial; the canary must be readable in each"),
            ("controls", f"{CONTROLS} benign twins: same length, disguises and place, the word without an instruction"),
        ),
        note=note,
        preserves=MEANING,  # the user's task and its right answer stand in texts that an injection leaves alone
        tasks=("injection", "classification"),
        pooled=learns,
    )


@register("inject", by_name_only=True)
def inject(options: Options) -> Recipe:
    """Thompson sampling over family, disguises and place, pooled over examples; successes are brought down to what they need."""
    return _recipe(
        options,
        "inject",
        learns=True,
        search=(
            f"{len(FAMILIES)} balanced cells, then rounds of {ROUND} by Thompson sampling over factors, pooled over examples "
            f"(prior Beta({PRIOR[0]:g}, {PRIOR[1]:g}) an arm, {CREDIT:g} of the score of a miss), winners elsewhere and their "
            "neighbours first; successes brought down"
        ),
        note="All texts are this project's own and ask for nothing but a made-up word.",
    )


@register("inject-random", by_name_only=True)
def inject_random(options: Options) -> Recipe:
    """The same space by uniform random draws (best of N): what the search is measured by."""
    return _recipe(
        options,
        "inject-random",
        learns=False,
        search=f"uniform random cells, {ROUND} at a time, nothing learned; successes brought down",
        note="The side to compare `inject` with: Hughes et al. 2024, Best-of-N Jailbreaking (arXiv 2412.03556), in our space.",
    )
