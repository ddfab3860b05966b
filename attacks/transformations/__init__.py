"""Transformations: one file per technique of change, one import line per technique in ``catalogue``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attacks.transformations.base import Transformation


def transformations() -> list[Transformation]:
    """One default instance of every technique in the catalogue, sorted by name."""
    from attacks.transformations import catalogue

    classes = [value for value in vars(catalogue).values() if isinstance(value, type)]
    return sorted((technique() for technique in classes), key=lambda technique: technique.name)
