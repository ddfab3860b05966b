"""Hardening: a normaliser to put before a model in production, and fine-tuning of a classifier on noise made afresh."""

from __future__ import annotations

from robustness.harden.normaliser import Normalised, Normaliser

__all__ = ["Normalised", "Normaliser"]
