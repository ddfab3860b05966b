"""Each rewriting rule: what it does, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.resources import files

import pytest

from attacks.transformations.paraphrase.clauses import is_clause, turn_clauses, turn_owner
from attacks.transformations.paraphrase.figures import count_in_figures, reorder_dates, write_numbers
from attacks.transformations.paraphrase.frames import drop_frame, drop_hedge, drop_opener, frame, hedge, open_statement
from attacks.transformations.paraphrase.spellings import rephrase, respell, spellings
from attacks.transformations.paraphrase.text import lowered, sentences
from attacks.transformations.tables import table

Rewrite = Callable[[str], Iterable[str]]

DONE: list[tuple[Rewrite, str, str]] = [
    (turn_clauses, "The plot is thin, but the cast is great.", "Although the plot is thin, the cast is great."),
    (turn_clauses, "Although it was slow, I loved it.", "It was slow, but I loved it."),
    (turn_clauses, "the plot is thin , but the cast is great .", "although the plot is thin , the cast is great ."),
    (turn_clauses, "I left because it was dull.", "Because it was dull, I left."),
    (turn_clauses, "If you like horror, you will love it!", "You will love it if you like horror!"),
    (turn_clauses, "So what? I left because it was dull. Yes.", "So what? Because it was dull, I left. Yes."),
    (turn_owner, "I like the plot of the film.", "I like the film's plot."),
    (turn_owner, "The film's plot is thin.", "The plot of the film is thin."),
    (write_numbers, "It has 3 stars and 42 fans.", "It has three stars and forty-two fans."),
    (write_numbers, "The 2nd half drags.", "The second half drags."),
    (count_in_figures, "Twenty-one lines in three acts.", "21 lines in 3 acts."),
    (reorder_dates, "Seen on March 5, 2020.", "Seen on 5 March 2020."),
    (reorder_dates, "Seen on 5 March 2020.", "Seen on 2020-03-05."),
    (reorder_dates, "Seen on 2020-03-05.", "Seen on March 5, 2020."),
    (open_statement, "It is dull.", "Honestly, it is dull."),
    (open_statement, "It is dull.", "I think that it is dull."),
    (open_statement, "it is dull .", "honestly, it is dull ."),
    (open_statement, "I left.", "I would say that I left."),
    (open_statement, "Bill Murray is great.", "Frankly, Bill Murray is great."),
    (open_statement, "A dull film is a waste.", "Overall, a dull film is a waste."),
    (drop_opener, "Honestly, it is dull.", "It is dull."),
    (drop_opener, "I think that it is dull.", "It is dull."),
    (hedge, "Yes. It is dull!", "Yes. It is dull, I think!"),
    (hedge, "it is a very dull film .", "it is a very dull film , I think ."),
    (drop_hedge, "It is dull, if you ask me.", "It is dull."),
    (frame, "A dull film.", "It is a dull film."),
    (frame, "an offbeat comedy that takes its time .", "this is an offbeat comedy that takes its time ."),
    (drop_frame, "It's a dull film.", "A dull film."),
    (rephrase, "It has a lot of heart.", "It has plenty of heart."),
    (rephrase, "For example, this.", "For instance, this."),
    (respell, "The colour of the theatre.", "The color of the theater."),
    (respell, "The color of the theater.", "The colour of the theatre."),
    (respell, "Realised, Organizing, FLAVOURS", "Realized, Organizing, FLAVORS"),
]

LEFT: list[tuple[Rewrite, str]] = [
    (turn_clauses, "Funny, but overlong."),
    (turn_clauses, "Is it good, but long?"),
    (turn_clauses, "Nothing but the film, but the book."),
    (turn_owner, "I like the end of the film festival."),
    (turn_owner, "the plot of the films"),
    (turn_owner, "the rest of the film"),
    (turn_owner, "the plot of the film of the year"),
    (write_numbers, "It cost $12, got 8/10 at 9:30, 3.5 of 4-5, on March 5, 2020, B2 and 100%."),
    (count_in_figures, "No one, someone, one film, a twosome, three-quarters."),
    (reorder_dates, "February 30, 2020; 2020-13-01; 1-2020-03-05; May 2020; March 5."),
    (open_statement, "Is it dull?"),
    (open_statement, "Honestly, it is dull."),
    (open_statement, "12 monkeys."),
    (drop_opener, "Honestly."),
    (drop_opener, "It is, honestly, dull."),
    (hedge, "Is it so dull?"),
    (hedge, "It is dull, I think."),
    (hedge, "Dull film"),
    (drop_hedge, "I think, therefore I am."),
    (frame, "A man walks into a bar."),
    (frame, "The film is dull."),
    (drop_frame, "It is dull."),
    (rephrase, "Nothing to see."),
    (respell, "colourlessly greyish"),
]


@pytest.mark.parametrize(("rule", "text", "expected"), DONE)
def test_a_rule_rewrites(rule: Rewrite, text: str, expected: str) -> None:
    assert expected in list(rule(text))


@pytest.mark.parametrize(("rule", "text"), LEFT)
def test_a_rule_leaves_alone_what_it_could_spoil(rule: Rewrite, text: str) -> None:
    assert list(rule(text)) == []


def test_clauses_opening_with_a_name_never_lose_its_capital() -> None:
    assert "Because I left, Paris was dull." in list(turn_clauses("Paris was dull because I left.")) or not is_clause(
        "Paris was dull"
    )
    assert lowered("Paris is dull") == "Paris is dull"
    assert lowered("NASA is dull") == "NASA is dull"
    assert lowered("I'm dull") == "I'm dull"
    assert lowered("The film") == "the film"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three", ["One.", "Two!", "Three"]),
        ("v1.2 is out.  Yes?!", ["v1.2 is out.", "Yes?!"]),
        ("", []),
        (" ... ", []),
        ("a dull film . yes .", ["a dull film .", "yes ."]),
    ],
)
def test_sentences_are_found_with_their_punctuation(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == found


def test_all_numbers_are_rewritten_together_first() -> None:
    assert next(iter(write_numbers("3 acts, 2 stars, 1 fan"))) == "three acts, two stars, one fan"


@pytest.mark.parametrize("name", ["spelling", "phrases"])
def test_a_table_has_no_doubled_key_and_no_entry_that_changes_nothing(name: str) -> None:
    lines = files("attacks").joinpath("data", f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert len(table(name)) == len(lines) - 1
    for key, values in table(name).items():
        assert key == key.strip().lower() != ""
        assert key not in values
        assert all(value == value.strip() != "" for value in values)


def test_spellings_lead_there_and_back() -> None:
    abroad, home = spellings()
    assert len(abroad) == len(home) > 350
    assert all(home[american] == british for british, american in abroad.items())
    assert (abroad["realising"], abroad["theatres"], home["catalogs"]) == ("realizing", "theaters", "catalogues")
