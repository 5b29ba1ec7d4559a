"""Writes precision.json: how far the hidden states of all-MiniLM-L6-v2 are from float32 when others compute them in less.

    make_precision_golden.py MODEL [TEXTS]

Run from this folder with the versions of requirements.txt, onnx 1.23.2, onnxruntime 1.31.1. "bfloat16" is PyTorch's autocast, "int8" onnxruntime's
dynamic quantisation (8-bit weights by tensor, activations by tensor as they come). The error is the Frobenius norm of the difference of the last hidden states over
that of float32's, over all tokens of all rows, each row run alone. The rows are those of minilm.safetensors; with TEXTS, a file with a text a
line (what follows the last ; is a label and left out), also the first 200 of it, which is printed and not kept.
"""

import json
import os
import sys
import tempfile

import numpy as np
import torch
from make_base_golden import mix
from make_minilm_golden import LENGTHS
from onnxruntime import InferenceSession
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModel, AutoTokenizer


def onnx_int8(model, folder):
    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    path, small = os.path.join(folder, "model.onnx"), os.path.join(folder, "int8.onnx")
    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {"ids": {0: "b", 1: "t"}, "mask": {0: "b", 1: "t"}, "hidden": {0: "b", 1: "t"}}
    torch.onnx.export(
        Hidden(), (ids, ids), path, input_names=["ids", "mask"], output_names=["hidden"], dynamic_axes=axes, opset_version=17, dynamo=False
    )
    quantize_dynamic(path, small, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": 1})
    session = InferenceSession(small, providers=["CPUExecutionProvider"])
    return lambda row: session.run(None, {"ids": row.numpy(), "mask": np.ones_like(row.numpy())})[0]


def torch_run(model, autocast):
    def run(row):
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            return model(input_ids=row).last_hidden_state.float().numpy()

    return run


def errors(model, int8, rows):
    reference, ways = torch_run(model, False), {"bfloat16": torch_run(model, True), "int8": int8}
    squares, total = dict.fromkeys(ways, 0.0), 0.0
    for row in rows:
        row = torch.tensor([row])
        expected = reference(row).astype(np.float64)
        total += (expected**2).sum()
        for name, run in ways.items():
            squares[name] += ((run(row) - expected) ** 2).sum()
    return {name: float(f"{np.sqrt(squares[name] / total):.6f}") for name in ways}


folder = sys.argv[1]
model = AutoModel.from_pretrained(folder, attn_implementation="sdpa").eval()
exported = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
with tempfile.TemporaryDirectory() as scratch:
    int8 = onnx_int8(exported, scratch)
    vocabulary = np.uint32(model.config.vocab_size)
    rows = [(mix(np.uint32(r * 1000) + np.arange(n, dtype=np.uint32)) % vocabulary).astype(int).tolist() for r, n in enumerate(LENGTHS)]
    result = errors(model, int8, rows)
    with open("precision.json", "w", encoding="utf-8") as file:
        file.write(json.dumps(result, indent=1) + "\n")
    print("rows of minilm.safetensors", result)
    if len(sys.argv) > 2:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        texts = [line.rsplit(";", 1)[0] for line in open(sys.argv[2], encoding="utf-8").read().splitlines()[:200]]
        print(sys.argv[2], errors(model, int8, tokenizer(texts)["input_ids"]))
