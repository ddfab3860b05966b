"""Taggers on real weights: entities by word, whatever the tokenizer makes of it, and the same in any batch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from robustness.errors import UsageError, VictimError
from robustness.tasks.answers import Spans
from robustness.tasks.reading.tag_schemes import joined
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space
from robustness.victims import Victim, load_victim
from robustness.victims.transformers.tagged_words import tagged_words

Rows = list[tuple[list[str], list[str]]]


@pytest.fixture(scope="module")
def victim(tagger: Path) -> Victim:
    return load_victim(f"hf:{tagger}", device="cpu")


def shown(victim: Victim, text: str) -> list[tuple[str, str]]:
    return [(text[one["start"] : one["end"]], one["label"]) for one in victim.predict([(text,)])[0]]


def renamed(tagger: Path, folder: Path, names: dict[int, str], **changes: Any) -> str:
    """A copy of the checkpoint whose tags are called otherwise."""
    shutil.copytree(tagger, folder, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": names, "label2id": {name: n for n, name in names.items()}, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    return f"hf:{folder}"


def test_it_finds_the_entities_that_it_was_trained_to_find(victim: Victim, tagged_sentences: Rows) -> None:
    assert (victim.info.task, victim.info.labels) == ("ner", ("PER", "LOC", "ORG"))
    task, space = task_named("ner"), Space(victim.info.labels)
    right = 0
    for tokens, tags in tagged_sentences:
        text, gold = joined(tokens, tags)
        answer = cast("Spans", task.answer(victim.predict([(text,)])[0], (text,), space))
        right += [(one.start, one.end, one.label) for one in answer.found] == gold
    assert right >= 28
    assert shown(victim, "Mary Walker works for Acme in Rome .") == [("Mary Walker", "PER"), ("Acme", "ORG"), ("Rome", "LOC")]


def test_answers_do_not_depend_on_the_batch(victim: Victim, tagged_sentences: Rows) -> None:
    texts = [(" ".join(tokens),) for tokens, _ in tagged_sentences]
    alone = [victim.predict([text])[0] for text in texts]
    assert victim.predict(texts) == alone
    assert victim.predict(texts[::-1])[::-1] == alone


def test_offsets_count_code_points_and_an_entity_ends_with_its_words(victim: Victim) -> None:
    text = "👍🏽  Mary Walker's office, (London)."
    found = shown(victim, text)
    assert ("Mary Walker", "PER") in found
    assert ("London", "LOC") in found


def test_words_are_spoken_for_by_their_first_token() -> None:
    def cut(text: str, *tokens: str) -> list[tuple[str, str | None]]:
        """Words with their tokens, the tokens being given in order."""
        places, at = [], 0
        for token in tokens:
            at = text.index(token, at)
            places.append((0, at, at + len(token)))
            at += len(token)
        words = tagged_words(text, [None, *places, None])
        return [(text[w.start : w.end], None if w.token is None else tokens[w.token - 1]) for w in words]

    assert cut("John Smith", "Jo", "hn", "Smith") == [("John", "Jo"), ("Smith", "Smith")]
    assert cut("John Smith", "John", " Smith") == [("John", "John"), ("Smith", " Smith")], "byte-level tokens hold their space"
    assert cut("AL-AIN, O'Neill's", "AL", "-", "AIN", ",", "O", "'", "Neill", "'", "s") == [
        ("AL-AIN", "AL"),
        (",", ","),
        ("O'Neill", "O"),
        ("'s", "'"),
    ]
    assert cut("the U.S. team", "the", "U", ".", "S", ".", "team") == [("the", "the"), ("U.S.", "U"), ("team", "team")]
    assert cut("Jo\u200bhn", "Jo\u200bhn") == [("Jo\u200bhn", "Jo\u200bhn")], "a character that the tokenizer drops"
    assert cut("习近平", "习", "近", "平") == [("习", "习"), ("近", "近"), ("平", "平")]
    assert cut("Rome Oslo", "Rome") == [("Rome", "Rome"), ("Oslo", None)], "past the cut"


def test_a_long_text_is_cut_and_says_so(victim: Victim) -> None:
    long = "the report was late . " * 12 + "Mary lives in Rome ."
    assert victim.truncated([(long,), ("Mary lives in Rome .",)]) == [True, False]
    assert victim.info.max_tokens == 48
    assert not any(one["start"] > 22 * 12 for one in victim.predict([(long,)])[0])


def test_readings_are_those_of_its_tokens(victim: Victim) -> None:
    plain, spaced, other = victim.readings([("Mary left",), ("Mary   left",), ("mary left",)])
    assert plain == spaced != other
    with pytest.raises(VictimError, match="lone surrogate"):
        victim.predict([("Mary \ud83d left",)])


def test_types_can_be_given_the_names_of_the_data(tagger: Path) -> None:
    text = "Mary works for Acme in Rome ."
    told = load_victim(f"hf:{tagger}#PER=PERSON,*=O", device="cpu")
    assert told.info.labels == ("PERSON",)
    assert shown(told, text) == [("Mary", "PERSON")]
    merged = load_victim(f"hf:{tagger}#LOC=PLACE", device="cpu")
    assert shown(merged, text) == [("Mary", "PER"), ("Acme", "ORG"), ("Rome", "PLACE")]
    assert dict(told.info.identity)["types"] != dict(merged.info.identity)["types"]


def test_other_schemes_of_tags_are_read(tagger: Path, tmp_path: Path) -> None:
    bare = load_victim(renamed(tagger, tmp_path, {0: "O", 1: "PER", 2: "PER", 3: "LOC", 4: "ORG"}), device="cpu")
    assert shown(bare, "Mary Walker lives in Rome .") == [("Mary Walker", "PER"), ("Rome", "LOC")]


BAD: list[tuple[dict[int, str], str, str]] = [
    ({n: f"LABEL_{n}" for n in range(5)}, "", r"no tag 'O'.*LABEL_0"),
    (dict(enumerate("NOUN VERB ADJ ADP X".split())), "", "tagger of parts of speech finds no entities"),
    (dict(enumerate("O B-PER I-PER B-LOC B-ORG".split())), "#PERSON=PER", "finds no 'PERSON'; it finds: PER, LOC, ORG"),
    (dict(enumerate("O B-PER I-PER B-LOC B-ORG".split())), "#toxic", "expected pairs such as #PERSON=PER"),
    (dict(enumerate("O B-PER I-PER B-LOC B-ORG".split())), "#*=O", "skips every entity type"),
]


@pytest.mark.parametrize(("names", "spec", "told"), BAD)
def test_tags_that_mark_no_entities_are_refused(
    tagger: Path, tmp_path: Path, names: dict[int, str], spec: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        load_victim(renamed(tagger, tmp_path, names) + spec, device="cpu")


def test_a_pair_of_fields_is_refused(tagger: Path) -> None:
    with pytest.raises(UsageError, match="a tagger reads one field"):
        load_victim(f"hf:{tagger}", device="cpu", fields=("a", "b"))


def test_an_untrained_head_and_pickles_are_refused(build: Callable[..., Path]) -> None:
    folder = build("bert", base=True, id2label={0: "O", 1: "B-PER", 2: "I-PER"}, architectures=["BertForTokenClassification"])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["BertForTokenClassification"]}))
    with pytest.raises(VictimError, match="is not a trained token classifier: it lacks classifier"):
        load_victim(f"hf:{folder}", device="cpu")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(VictimError, match="--allow-pickle"):
        load_victim(f"hf:{folder}", device="cpu")
