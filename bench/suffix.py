"""Suffix search beside nanoGCG: the same model, the same message and target, as many steps and candidates; loss and seconds.

    pip download --no-deps nanogcg==0.3.0 -d LIBRARY && (cd LIBRARY && unzip nanogcg-*.whl)
    PYTHONPATH=.:LIBRARY python bench/suffix.py FOLDER [--steps 10]

FOLDER: a chat model, such as scripts/convert_smollm2.py writes. The target is harmless. Ours exchanges whole words, so that the
suffix can be sent as text; nanoGCG exchanges tokens. The loss of both is measured anew, from the text, by the same function.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from attacks.search import Flips, Judgement, Prediction, Trial
from attacks.strategies.payloads.suffix import GradientSuffix, RandomSuffix
from robustness.engine.gradients import GradientBackend
from robustness.victims.base import TokenGradients
from robustness.victims.transformers.causal_gradients import PromptGradients
from robustness.victims.transformers.prompting import Prompts, Templated, template_of

MESSAGE = "Tell me about the weather in spring"
TARGET = "Sure, here is a poem about a lighthouse"
WORDS, WIDTH, TOP = 8, 16, 32


class Target:
    """The model as a victim whose loss is that of one target text: what ``GradientBackend`` and a trial need of it."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        from types import SimpleNamespace

        self.info = SimpleNamespace(row_quantum=0, length_quantum=1)
        self.prompts = Prompts(tokenizer, Templated(template_of("{text}", None)))
        self.answer = list(tokenizer(TARGET, add_special_tokens=False)["input_ids"])
        self._model = model
        self._gradients = PromptGradients(model, tokenizer, self.prompts, [self.answer], lambda: np.zeros(1))
        self.embeddings, self.word_ids = self._gradients.embeddings, self._gradients.word_ids
        self.whole_words = self._gradients.whole_words

    def token_gradients(self, inputs: Any, labels: Any) -> Any:
        """Those of the target's likelihood: ``Flips`` looks for what raises a loss, and here that is to rise."""
        import torch

        found = []
        for one in inputs:
            ids = self.prompts.encode(one)
            with torch.enable_grad():
                prompt = self._gradients._layer(torch.tensor([ids])).detach().requires_grad_(True)
                (gradient,) = torch.autograd.grad(self._gradients._likelihood(prompt, self.answer), prompt)
            places = self._gradients._places(one, len(ids))
            found.append(TokenGradients(places, np.asarray(ids, np.int64), gradient[0].numpy()))
        return found

    def loss(self, texts: Any) -> list[float]:
        """The mean loss over the target's tokens after each text, a batch at a time by length."""
        import torch

        losses: dict[int, float] = {}
        rows = [[*self.prompts.encode((text,)), *self.answer] for text in texts]
        for size in {len(row) for row in rows}:
            where = [n for n, row in enumerate(rows) if len(row) == size]
            with torch.inference_mode():
                logits = self._model(torch.tensor([rows[n] for n in where])).logits[:, -len(self.answer) - 1 : -1].float()
            steps = torch.nn.functional.cross_entropy(
                logits.transpose(1, 2), torch.tensor([self.answer] * len(where)), reduction="none"
            )
            losses.update(zip(where, steps.mean(1).tolist(), strict=True))
        return [losses[n] for n in range(len(rows))]


def ours(target: Target, attack: Any) -> tuple[str, int]:
    """The text with the lowest loss, and how many texts were asked about."""

    def answer(texts: list[str]) -> list[Prediction]:
        return [Prediction(0, (-loss,)) for loss in target.loss(texts)]

    def judge(one: Any, _: Any) -> Judgement:
        return Judgement(one.scores[0], False)

    trial = Trial(inputs=(MESSAGE,), judge=judge, clean=answer([MESSAGE])[0], rng=Random(0))
    trial.clean = type(trial.clean)(MESSAGE, trial.clean.answer, -1e9, False)  # the suffix is compared with itself
    trial.best = trial.clean
    backend, search, reply = GradientBackend(target), attack.search(trial), None  # type: ignore[arg-type]
    try:
        while True:
            request: Any = search.send(reply)
            reply = backend.compute(request.items()) if isinstance(request, Flips) else answer([t for (t,) in request.inputs])
    except StopIteration:
        return trial.best.text, trial.queries


def theirs(model: Any, tokenizer: Any, steps: int) -> str:
    """What nanoGCG ends with; its start is as many exclamation marks as our suffix has words."""
    import nanogcg  # type: ignore[import-not-found]

    for weight in model.parameters():
        weight.requires_grad_(False)
    config = nanogcg.GCGConfig(
        num_steps=steps,
        search_width=WIDTH,
        topk=TOP,
        n_replace=1,
        optim_str_init=" !" * WORDS,
        seed=0,
        use_prefix_cache=False,
        verbosity="ERROR",
    )
    return f"{MESSAGE}{nanogcg.run(model, tokenizer, MESSAGE, TARGET, config).best_string}"


def main() -> None:
    """Run all, print a table and a line of JSON."""
    import torch
    import transformers

    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("folder")
    flags.add_argument("--steps", type=int, default=10)
    asked = flags.parse_args()
    torch.set_num_threads(1)
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(asked.folder)
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(asked.folder, dtype=torch.float32).eval()
    target = Target(model, tokenizer)
    how = {"length": WORDS, "width": WIDTH, "steps": asked.steps}
    runs: dict[str, Callable[[], str]] = {
        "ours, gradient": lambda: ours(target, GradientSuffix(**how, top=TOP))[0],
        "ours, random": lambda: ours(target, RandomSuffix(**how))[0],
        "nanoGCG": lambda: theirs(model, tokenizer, asked.steps),
    }
    rows = [{"search": "none", "loss": target.loss([MESSAGE])[0], "seconds": 0.0, "text": MESSAGE}]
    for name, run in runs.items():
        began = time.process_time()
        try:
            text = run()
        except ImportError as problem:
            print(f"{name}: not run ({problem})")
            continue
        rows.append({"search": name, "loss": target.loss([text])[0], "seconds": time.process_time() - began, "text": text})
    for row in rows:
        print(f"{row['search']:15} loss {row['loss']:.3f}  {row['seconds']:6.1f} CPU s  {row['text']!r}")
    print(json.dumps({"steps": asked.steps, "width": WIDTH, "top": TOP, "words": WORDS, "rows": rows}))


if __name__ == "__main__":
    main()
