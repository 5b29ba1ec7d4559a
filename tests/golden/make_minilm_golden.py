"""Writes minilm.safetensors: hidden states that transformers computes with the real encoder, all-MiniLM-L6-v2.

argv[1] is its folder. Texts are ids from the formula of tests/formula_weights.h, of 1 to 512 tokens; the hidden states behind the first and the last layer are
kept at the first, a middle and the last token.
"""

import sys

import numpy as np
import torch
from make_base_golden import mix
from safetensors.torch import save_file
from transformers import AutoModel

LENGTHS = [1, 2, 3, 22, 128, 300, 512]


def main():
    torch.use_deterministic_algorithms(True)
    model = AutoModel.from_pretrained(sys.argv[1], attn_implementation="eager", dtype=torch.float32).eval()
    kept = {}
    with torch.no_grad():
        for row, length in enumerate(LENGTHS):
            ids = (mix(np.uint32(row * 1000) + np.arange(length, dtype=np.uint32)) % np.uint32(model.config.vocab_size)).astype(np.int64)
            states = model(input_ids=torch.from_numpy(ids)[None], output_hidden_states=True).hidden_states
            for layer in (1, len(states) - 1):
                kept[f"{length}.{layer}"] = states[layer][0, [0, length // 2, length - 1]].contiguous()
    save_file(kept, "minilm.safetensors")


if __name__ == "__main__":
    main()
