"""What changes gained on the tuning victims: where a run begins to learn.

Means of ``Evidence.gain`` by kind of word, and of techniques as multiples of the mean, over the victims of
``bench.tuning_victims``. Written by

    python -m bench.tune_cascade --start
"""

from __future__ import annotations

from collections.abc import Mapping

START: Mapping[str, Mapping[str, float]] = {
    "kinds": {"": 0.162, "JJ": 0.188, "NN": 0.149, "RB": 0.112, "VB": 0.157},
    "techniques": {
        "character-drop": 1.018,
        "character-insert": 0.837,
        "character-substitute": 0.573,
        "character-swap": 0.847,
        "homoglyph": 0.9,
        "synonym": 1.682,
    },
}
