"""What changes gained on the tuning victims: where a run begins to learn.

Means of ``Evidence.gain`` by kind of word, and of techniques as multiples of the mean, over the victims of
``bench.tuning_victims``. Written by

    python -m bench.tune_cascade --start
"""

from __future__ import annotations

from collections.abc import Mapping

START: Mapping[str, Mapping[str, float]] = {
    "kinds": {"": 0.1, "JJ": 0.2, "RB": 0.15, "VB": 0.12, "NN": 0.1},
    "techniques": {},
}
