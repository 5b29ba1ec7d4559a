"""Writes flops.json: what PyTorch's FlopCounterMode counts for forward and backward of transformers' DistilBERT with head, row by row.

    python tests/golden/make_flops_golden.py        (versions: tests/golden/requirements.txt)

Attention is the eager one: the counter takes the fused kernel's backward, which computes the scores again, as more. The counter sees the whole last layer;
that only [CLS] is read there is this project's doing, and is counted by what is left out.
"""

import json
import pathlib

import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

CASES = [(2, 32, 128, 4, 3, 7), (3, 48, 96, 4, 6, 1), (6, 384, 1536, 12, 77, 22), (1, 32, 64, 2, 2, 5)]


def count(layers, channels, feed_forward, heads, classes, tokens):
    config = transformers.DistilBertConfig(
        vocab_size=50, n_layers=layers, dim=channels, hidden_dim=feed_forward, n_heads=heads, num_labels=classes
    )
    model = transformers.DistilBertForSequenceClassification._from_config(config, attn_implementation="eager")
    ids = torch.arange(tokens)[None] % 50
    with FlopCounterMode(display=False) as forward:
        loss = model(ids, labels=torch.tensor([0])).loss
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    return forward.get_total_flops(), backward.get_total_flops()


def main():
    rows = []
    for case in CASES:
        forward, backward = count(*case)
        keys = ("layers", "channels", "feed_forward", "heads", "classes", "tokens")
        rows.append(dict(zip(keys, case)) | {"forward": forward, "backward": backward})
    path = pathlib.Path(__file__).with_name("flops.json")
    path.write_text(json.dumps(rows, indent=1) + "\n")


main()
