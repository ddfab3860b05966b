"""One decoder, one set of reviews, two prompts: how right it is, how often it says positive, with and without calibration.

python compare_prompts.py FOLDER_OF_A_DECODER [REVIEWS]
"""

from __future__ import annotations

import sys

from robustness.demo import demo_examples
from robustness.victims import load_victim

LABELS = ["negative", "positive"]
PROMPTS = {
    "A": "Classify the sentiment of this movie review as positive or negative. Answer with one word.\nReview: {text}",
    "B": "Is this movie review positive or negative?\n\n{text}\n\nAnswer:",
}


def main(folder: str, count: int) -> None:
    """Print a row for each prompt."""
    reviews = demo_examples()[:: max(1, len(demo_examples()) // count)][:count]
    gold = [LABELS.index(label) for _, _, label in reviews]
    print(f"{len(reviews)} reviews, {sum(gold) / len(gold):.2f} of them positive")
    for name, prompt in PROMPTS.items():
        for calibrate in (False, True):
            victim = load_victim(f"hf:{folder}", offline=True, prompt=prompt, labels=LABELS, calibrate=calibrate)
            said = victim.predict([(text,) for _, text, _ in reviews]).argmax(axis=1).tolist()
            right = sum(one == other for one, other in zip(said, gold, strict=True)) / len(gold)
            way = "calibrated" if calibrate else "as it is"
            print(
                f"prompt {name}, {way}: {right:.3f} right, positive {sum(said) / len(said):.2f}; {'; '.join(victim.info.notes)}"
            )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 80)
