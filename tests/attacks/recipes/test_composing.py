"""Composed recipes: what the grammar reads, how it is printed back, and what is said of what it cannot read."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.recipes import Options, build, resolve
from attacks.recipes.composing import (
    KINDS,
    CompositionError,
    Entry,
    Parameter,
    Part,
    canonical,
    entries,
    parsed,
    printed,
    split_specs,
)
from attacks.recipes.composing.entries import ALIASES
from attacks.recipes.composing.syntax import LONGEST

SPACES = st.sampled_from(["", " ", "  ", "\t", "\n"])
NUMBERS = st.one_of(st.integers(1, 999_999_999), st.decimals("0.000000001", 1, places=9).filter(bool))
TEXTS = st.one_of(st.sampled_from(["score", "first", "text", "word", "cosine"]), st.text("ab'", min_size=1, max_size=4))


def test_the_example_of_the_documentation_is_read_as_it_says() -> None:
    recipe = build("greedy(synonyms+keyboard, ranking=gradient, max_words=0.2)")
    assert recipe.name == "greedy(synonym+keyboard-typo,ranking=gradient,constraints=max-words-changed(0.2))"
    attack: Any = recipe.attack
    assert [type(swap).__name__ for swap in attack.swaps] == ["Synonym", "KeyboardTypo"]
    assert type(attack.ranking).__name__ == "ByGradient"
    assert [rule.describe() for rule in attack.constraints] == [
        "at most 20% of the words differ from the original (1 in any text)"
    ]
    assert (recipe.access, recipe.level) == ("gradients", "mixed")


def test_what_holds_anyway_and_the_order_of_names_change_no_canonical_form() -> None:
    spelled = [
        "greedy(synonym, constraints=no-repeat+max-words-changed(0.2), ranking=mask)",
        "Greedy( ranking = mask , prefer=score,\n max_words=0.2, constraints=no_repeat , transformations=synonyms)",
        "greedy(synonym,ranking=mask(mask='[UNK]'),constraints=max-words(at-least=1,share=0.200)+no-repeat)",
    ]
    assert len({canonical(one) for one in spelled}) == 1
    assert canonical("greedy(synonym+homophone)") != canonical("greedy(homophone+synonym)"), "ties go to what comes first"


def _value(draw: Any, entry: Entry, parameter: Parameter, depth: int) -> str:
    kind = parameter.kind
    if kind.startswith("transformation"):
        fit = [one for one in entries("transformation").values() if entry.over is None or isinstance(one.make(), entry.over)]
        chosen = draw(st.lists(st.sampled_from(fit), min_size=1, max_size=1 if kind == "transformation" else 3, unique_by=id))
        return "+".join(_part(draw, one, depth + 1) for one in chosen)
    if kind in ("ranking", "constraints"):
        known = list(entries(kind.rstrip("s")).values())
        chosen = draw(st.lists(st.sampled_from(known), min_size=1, max_size=1 if kind == "ranking" else 3, unique_by=id))
        return f"{draw(SPACES)}+".join(_part(draw, one, depth + 1) for one in chosen)
    one = {
        "yes-no": st.sampled_from(["yes", "no", "true"]),
        "text": TEXTS.map(lambda text: f'"{text}"'),
        "number": NUMBERS.map(str),
    }
    many = st.lists(st.integers(1, 5).map(str) if kind == "wholes" else TEXTS.map(lambda t: f'"{t}"'), min_size=1, max_size=3)
    simple = one.get(kind, st.integers(1, 60).map(str) if kind == "whole" else many.map("+".join))
    return str(draw(simple))


def _part(draw: Any, entry: Entry, depth: int = 0) -> str:
    short = [name for name, full in ALIASES[entry.kind].items() if full == entry.name]
    name = draw(st.sampled_from([entry.name, *short]))
    told = [p for p in entry.parameters if p.required or (depth < 4 and draw(st.booleans()))]
    told = draw(st.permutations(told))
    arguments = (f"{draw(SPACES)}{p.name}{draw(SPACES)}={draw(SPACES)}{_value(draw, entry, p, depth)}" for p in told)
    return f"{name}({','.join(arguments)}{draw(SPACES)})"


@st.composite
def compositions(draw: Any) -> str:
    return _part(draw, draw(st.sampled_from(list(entries("search").values()))))


@settings(max_examples=150, deadline=None)
@given(compositions())
def test_reading_what_is_printed_gives_what_was_printed(text: str) -> None:
    try:
        part = parsed(text)
    except CompositionError:
        return  # a value out of its range: what is accepted must round-trip
    assert parsed(printed(part)) == part
    assert canonical(printed(part)) == printed(part)
    assert not set(printed(part)) & set(" \t\n")
    assert split_specs(f"pwws, {text},deepwordbug") == ["pwws", text.strip(), "deepwordbug"]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("greedy(synonym+=,.'\"0123) ", max_size=60).map("greedy(".__add__)))
def test_any_text_is_read_or_refused_in_words_that_can_be_printed(text: str) -> None:
    try:
        canonical(text)
    except CompositionError as error:
        said = str(error).split("\n")
        assert len(said) == 3
        assert set(said[2]) <= {" ", "^"}
        assert "^" in said[2]
        assert said[1].isprintable()


@pytest.mark.parametrize(
    ("text", "said", "under"),
    [
        ("gredy(synonym)", "did you mean 'greedy'?", "gredy"),
        ("greedy(synonims)", "did you mean 'synonyms' or 'synonym'?", "synonims"),
        ("greedy(synonym, ranking=sal)", "did you mean 'saliency'?", "sal"),
        ("greedy(synonym, max_words=2)", "must lie above 0 and not above 1, got 2", "max_words=2"),
        ("greedy(synonym, max_words=nan)", "expects a number as its share", "nan"),
        ("greedy(synonym, max_words=1e5)", "up to nine digits", "1e5"),
        ("greedy(synonym, max_words=99999999999)", "up to nine digits", "99999999999"),
        ("greedy(synonym(n=0))", "must be positive", "n=0"),
        ("greedy(synonym, prefer=best)", "prefer must be one of", "prefer=best"),
        ("greedy(synonym, goal=x)", "give --goal", "goal=x"),
        ("greedy(synonym, profile=stric)", "did you mean 'strict'?", "greedy"),
        ("greedy(synonym, max_words=0.1, max-words-changed=0.2)", "given twice", "greedy"),
        ("greedy(synonym, prefer=first, prefer=first)", "given twice", "prefer=first"),
        ("greedy(synonym+synonyms)", "there twice", "synonyms"),
        ("greedy(whitespace-noise)", "cannot work with whitespace-noise", "whitespace-noise"),
        ("noise(synonym+keyboard)", "one transformation, got 2", "keyboard"),
        ("pwws(n=3)", "pwws is a recipe and takes no arguments", "pwws"),
        ("greedy(2*synonym)", "expected ',', '+' or ')', got '*'", "*"),
        ("greedy(syn\u043enym)", "U+043E (CYRILLIC SMALL LETTER O)", "\u043e"),
        ("greedy(synonym, prefer='a\0b')", "U+0000", "\0"),
        ("greedy(synonym", "got the end", ""),
        ("greedy(synonym))", "got ')'", ")"),
        ("greedy()", "greedy needs its transformations", "greedy"),
    ],
)  # fmt: skip
def test_an_error_says_what_was_expected_with_a_caret_under_the_place(text: str, said: str, under: str) -> None:
    with pytest.raises(CompositionError) as caught:
        build(text)
    message, line, carets = str(caught.value).split("\n")
    assert said in message
    at, length = carets.index("^"), carets.count("^")
    shown = "".join(one if one.isascii() and one.isprintable() else "·" for one in text)
    start = 0 if under == "greedy" else text.rindex(under)
    assert (line[2:], at - 2) == (shown, start if under else len(text))
    assert length == max(1, len(under))


@pytest.mark.parametrize("text", ["greedy(" * 400, "(" * 1999, "greedy(" + "synonym+" * 240, "x" * 5_000_000, ")" * 100])
def test_a_deep_or_huge_text_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match="expected"):
        canonical(text)
    assert time.process_time() - start < 1
    assert len(text) <= LONGEST or time.process_time() - start < 0.2


def test_commas_within_parentheses_and_quotation_marks_separate_nothing() -> None:
    spec = "pwws, greedy(synonym, ranking=mask(mask='a,)b'), max_words=0.2) ,natural:*,"
    assert split_specs(spec) == ["pwws", "greedy(synonym, ranking=mask(mask='a,)b'), max_words=0.2)", "natural:*"]
    assert [one.name for one in resolve("pwws,greedy(synonym, max_words=0.2)")] == [
        "pwws",
        "greedy(synonym,constraints=max-words-changed(0.2))",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_can_be_named_and_made_with_what_holds_anyway(kind: str) -> None:
    for name, entry in entries(kind).items():
        assert set(ALIASES[kind].values()) <= set(entries(kind))
        assert name not in ALIASES[kind]
        assert entry.summary
        if kind == "search":
            over = entry.over
            fit = next((n for n, one in entries("transformation").items() if over and isinstance(one.make(), over)), "")
            recipe = build(f"{name}({fit})")
            assert dict(recipe.parameters)["composition"].startswith(name)
        elif kind == "ranking":
            build(f"greedy(synonym,ranking={name})")
        elif kind == "constraint":
            build(f"greedy(synonym,constraints={name})")


def test_a_composition_says_its_profile_and_draws_on_the_options_of_the_run() -> None:
    strict = build("greedy(synonym,profile=strict)", Options())
    assert strict.profile == "strict"
    assert "encoder" in strict.needs
    german = build("greedy(keyboard)", Options(language="de", named=True))
    assert "layout=qwertz" in dict(german.parameters)["composition"]
    assert german.name == "greedy(keyboard-typo)"
    told: Any = build("greedy(keyboard(layout=azerty))", Options(language="de", named=True)).attack
    assert told.swaps[0].layout == "azerty"


def test_a_part_prints_nothing_that_it_was_not_told() -> None:
    assert printed(Part("search", "greedy", (("transformations", (Part("transformation", "synonym"),)),), "transformations")) == (
        "greedy(synonym)"
    )
