"""What minimised failures have in common, as a section of ``report.md`` and as lines for the terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.files.text import visible
from reports.render.inert import code
from reports.render.page.flips import flip_of
from reports.run import EditRecord, Outcome, Run
from reports.run.minimised import MINIMAL, MINIMISED, Minimal, clusters, edited_word, read_minimised, summary_line

SHOWN = 15


def minimised_section(run: Run, *, texts: bool = True) -> str:
    """A Markdown section, or nothing where the run's failures were not minimised; without ``texts`` no word is quoted."""
    path = run.path / MINIMISED
    if not path.is_file():
        return ""
    found = read_minimised(path)
    groups = clusters(found)
    rows = [f"| {group.count} | {code(group.reason if texts else _silent(group.reason))} |" for group in groups[:SHOWN]]
    more = [f"{len(groups) - SHOWN} smaller groups are left out."] if len(groups) > SHOWN else []
    table = ["\n".join(["| failures | why |", "|---:|---|", *rows])] if rows else []
    return "\n\n".join(["## What the failures have in common", summary_line(found) + ".", *table, *more])


def _silent(reason: str) -> str:
    """A reason without the words that it quotes, which are the data's."""
    return re.sub(r"(, such as )?“.*”", lambda match: "" if match[1] else "…", reason, flags=re.DOTALL)


WORDS, FORMS = 12, 3


@dataclass(frozen=True, slots=True)
class FlippingWord:
    """A word of the data, how many failures need it edited, and into what; ``+word`` for one that was only put in."""

    word: str
    count: int
    became: tuple[str, ...]


def flipping_words(cases: Sequence[Outcome], found: Sequence[Minimal]) -> list[FlippingWord]:
    """The words in the fewest edits that still flip the victim, the most frequent first; ``cases``: in the order of ``found``."""
    counts: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}
    for case, one in zip(cases, found, strict=True):
        text = case.texts.get(case.field, "")
        here = {word: edit for edit in one.edits for word in flip_of(text, [edit]).words} if one.state == MINIMAL else {}
        counts.update(here.keys())
        for word, edit in here.items():
            forms.setdefault(word, Counter())[_became(text, edit)] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [FlippingWord(word, n, tuple(form for form, _ in forms[word].most_common(FORMS))) for word, n in ordered]


def _became(text: str, edit: EditRecord) -> str:
    """The edited word as it stands in the perturbed text; what was put in, or nothing, where no word of the text was touched."""
    word = edited_word(text, edit)
    if not word:
        return edit.after.strip()
    at = text.lower().find(word, max(0, edit.start - len(word)))
    if not at <= edit.start <= edit.end <= at + len(word):
        return edit.after.strip()
    return f"{text[at : edit.start]}{edit.after}{text[edit.end : at + len(word)]}".strip()


def word_lines(words: Sequence[FlippingWord], failures: int) -> Iterator[str]:
    """The words for a terminal, with what they became."""
    if not words:
        return
    yield f"words that flip the model, and in how many of {failures} failures"
    wide = max(len(visible(one.word)) for one in words[:WORDS])
    for one in words[:WORDS]:
        became = ", ".join(visible(form) if form else "(left out)" for form in one.became)
        yield f"{one.count:5d}  {visible(one.word):<{wide}}" + ("" if one.word.startswith("+") else f" → {became}")
    if len(words) > WORDS:
        yield f"       and {len(words) - WORDS} more words"
    yield ""
    yield "how they work"


def lines(found: Sequence[Minimal]) -> Iterator[str]:
    """The same for a terminal."""
    groups = clusters(found)
    for group in groups[:SHOWN]:
        yield " ".join(visible(f"{group.count:5d}  {group.reason}").split("\n"))
    if len(groups) > SHOWN:
        yield f"       {len(groups) - SHOWN} smaller groups are left out"
    yield summary_line(found)
