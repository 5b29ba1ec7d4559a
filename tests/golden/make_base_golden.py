"""Writes base-distilbert.safetensors: hidden states of a DistilBERT of base size whose weights follow from a formula.

tests/formula_weights.h makes the same weights, so that the real size is tested without a file of 265 MB. For texts of 1 to 512 tokens the hidden states at
the first, a middle and the last token are kept, behind the first and the last layer.
"""

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import DistilBertConfig, DistilBertModel

LENGTHS = [1, 2, 22, 128, 512]
VOCABULARY = 1000


def mix(x):
    with np.errstate(over="ignore"):
        x = x.astype(np.uint32)
        x = (x ^ np.uint32(61)) ^ (x >> np.uint32(16))
        x = x + (x << np.uint32(3))
        x = x ^ (x >> np.uint32(4))
        x = x * np.uint32(0x27D4EB2D)
        return x ^ (x >> np.uint32(15))


def value(name, shape, number):
    with np.errstate(over="ignore"):
        places = np.arange(int(np.prod(shape)), dtype=np.uint32) + np.uint32(number * 0x9E3779B9 % 2**32)
    unit = (mix(places) >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)
    if "norm" in name.lower() and "weight" in name:
        unit = np.float32(1) + unit * np.float32(0.25)
    else:
        unit = unit * np.float32(0.125 if len(shape) == 2 else 0.25)
    return torch.from_numpy(unit.reshape(shape))


def main():
    torch.use_deterministic_algorithms(True)
    model = DistilBertModel(DistilBertConfig(vocab_size=VOCABULARY)).eval()
    model.config._attn_implementation = "eager"
    with torch.no_grad():
        for number, (name, parameter) in enumerate(model.named_parameters()):
            parameter.copy_(value(name, parameter.shape, number))
        kept = {}
        for row, length in enumerate(LENGTHS):
            ids = (mix(np.uint32(row * 1000) + np.arange(length, dtype=np.uint32)) % np.uint32(VOCABULARY)).astype(np.int64)
            states = model(input_ids=torch.from_numpy(ids)[None], output_hidden_states=True).hidden_states
            places = [0, length // 2, length - 1]
            for layer in (1, len(states) - 1):
                kept[f"{length}.{layer}"] = states[layer][0, places].contiguous()
    save_file(kept, "base-distilbert.safetensors")


if __name__ == "__main__":
    main()
