"""Imports TextAttack without the side effects of its import: downloads, files in the home folder, environment variables."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from attacks.textattack_bridge.places import cache_folder

MARK = "post_install_check_3"
"""TextAttack's note in its cache that it has downloaded NLTK's data; it must not be left behind by an import without."""


@cache
def load() -> Any:
    """The module ``textattack``; the first call takes many seconds. NLTK's stop words must be there (see ``gather``)."""
    with _no_nltk_download(), _no_mark(), _same_environment(), _silence():
        import textattack
    textattack.shared.logger.setLevel(logging.ERROR)
    return textattack


@contextmanager
def _silence() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _no_nltk_download() -> Iterator[None]:
    import nltk

    kept = nltk.download
    nltk.download = lambda *args, **kwargs: False
    try:
        yield
    finally:
        nltk.download = kept


@contextmanager
def _no_mark() -> Iterator[None]:
    mark = cache_folder() / MARK
    there = mark.exists()
    yield
    if not there:
        mark.unlink(missing_ok=True)


@contextmanager
def _same_environment() -> Iterator[None]:
    kept = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
