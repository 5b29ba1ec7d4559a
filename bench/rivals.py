"""Features and single texts: twofold beside what a user would pick instead, in turn in one run.

    python bench/rivals.py MODEL TEXTS [--bench build/bench] [--rounds 3] [--rows 2000]

MODEL is a BERT encoder's folder, TEXTS a file with a text a line (what follows the last ; is a label). Needs torch, transformers, onnx, onnxruntime and openvino; downloads nothing.
Text goes in and a matrix of [CLS] vectors comes out on both sides, on the same threads, after a round to warm up. Rivals run their rows sorted by
length and in file order, in batches of 64 padded to the longest row; padding does not count as tokens. A ratio is taken in each round, ours over theirs; medians are
printed. bench/run.sh --part features is the same.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

# The goals: against the best rival at that precision, rows sorted for it; in file order; one text alone.
GOALS = {"float32": (1.45, 3.3, 1.6), "bfloat16": (1.4, 3.1, 1.6), "int8": (1.8, 4.0, 1.6)}


class Rivals:
    """name → (precision, function of ids and mask that gives [CLS])"""

    def __init__(self, folder, threads, scratch):
        torch.set_num_threads(threads)
        self.model = AutoModel.from_pretrained(folder, attn_implementation="sdpa").eval()
        self.all = {"torch": ("float32", self.torch(False)), "torch autocast": ("bfloat16", self.torch(True))}
        path = self.export(folder, scratch)
        self.onnxruntime(path, threads, scratch)
        self.openvino(path, threads)

    def torch(self, autocast):
        def run(ids, mask):
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
                out = self.model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
                return out.last_hidden_state[:, 0].float().numpy()

        return run

    def export(self, folder, scratch):
        class Hidden(torch.nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, ids, mask):
                return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

        path, ids = os.path.join(scratch, "model.onnx"), torch.ones((2, 8), dtype=torch.int64)
        axes = {name: {0: "b", 1: "t"} for name in ("ids", "mask", "hidden")}
        model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
        torch.onnx.export(Hidden(model), (ids, ids), path, input_names=["ids", "mask"], output_names=["hidden"], dynamic_axes=axes,
                          opset_version=17, dynamo=False)
        return path

    def onnxruntime(self, path, threads, scratch):
        import onnxruntime
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.transformers import optimizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        fused, int8 = os.path.join(scratch, "fused.onnx"), os.path.join(scratch, "int8.onnx")
        config = self.model.config
        best = optimizer.optimize_model(path, model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=1)
        best.save_model_to_file(fused)
        quantize_dynamic(path, int8, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": 1})
        for name, precision, file in (("onnxruntime", "float32", path), ("onnxruntime fused", "float32", fused), ("onnxruntime dynamic", "int8", int8)):
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            names = [i.name for i in session.get_inputs()]
            self.all[name] = (precision, lambda ids, mask, s=session, n=names: s.run(None, dict(zip(n, (ids, mask))))[0][:, 0])

    def openvino(self, path, threads):
        import openvino

        core = openvino.Core()
        network = core.read_model(path)
        for name, precision in (("float32", "f32"), ("bfloat16", "bf16")):
            settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
            request = core.compile_model(network, "CPU", settings).create_infer_request()
            self.all[f"openvino {precision}"] = (name, lambda ids, mask, r=request: r.infer({"ids": ids, "mask": mask})["hidden"][:, 0])


def pad(rows):
    ids, mask = np.zeros((2, len(rows), max(map(len, rows))), np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    return ids, mask


def throughput(run, tokenizer, texts, by_length):
    started = time.perf_counter()
    rows = tokenizer(texts)["input_ids"]
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i])) if by_length else range(len(rows))
    rows = [rows[i] for i in order]
    np.concatenate([run(*pad(rows[i : i + 64])) for i in range(0, len(rows), 64)])
    return sum(map(len, rows)) / (time.perf_counter() - started)


def alone(run, tokenizer, texts):
    seconds = []
    for text in texts[:20] + texts[:200]:
        started = time.perf_counter()
        run(*pad([tokenizer(text)["input_ids"]]))
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[20:]) * 1e3


def ours(bench, name, dtype, args):
    words = [f"{bench}/{name}", "--model", args.model, "--texts", args.cut, "--dtype", dtype, "--threads", str(args.threads)]
    line = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split("\n")[0]
    return float(line.split("texts, ")[1].split()[0]) if name == "features" else float(line.split("p50 ")[1].split()[0])


def measure(args):
    """The measures of all precisions, as bench/parts.py hands them on. args: model, texts, bench, rows, rounds, threads."""
    lines = open(args.texts, encoding="utf-8").read().splitlines()[: args.rows]
    texts = [line.rsplit(";", 1)[0] for line in lines]
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    found = {dtype: [] for dtype in GOALS}
    with tempfile.TemporaryDirectory() as scratch:
        args.cut = os.path.join(scratch, "texts.txt")
        with open(args.cut, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        rivals = Rivals(args.model, args.threads, scratch)
        for round_number in range(args.rounds + 1):
            measured = {}
            for name, (dtype, run) in rivals.all.items():
                measured[name] = (throughput(run, tokenizer, texts, True), throughput(run, tokenizer, texts, False), alone(run, tokenizer, texts))
            for dtype in GOALS:
                mine = (ours(args.bench, "features", dtype, args), ours(args.bench, "start", dtype, args))
                theirs = {name: m for name, m in measured.items() if rivals.all[name][0] == dtype}
                if round_number:
                    found[dtype].append((mine, theirs))
    for dtype, rounds in found.items():
        for column, what in enumerate(("[CLS] features, rows sorted for the rival", "[CLS] features, file order", "one text, p50")):
            yield best_of(rounds, column, f"{what}, {dtype}", GOALS[dtype][column])


def best_of(rounds, column, what, goal):
    """Against the best rival of each round; shown are the figures of the last."""
    ratios = []
    for mine, theirs in rounds:
        better = min if column == 2 else max
        name = better(theirs, key=lambda n: theirs[n][column])
        value = mine[1] if column == 2 else mine[0]
        ratios.append(theirs[name][column] / value if column == 2 else value / theirs[name][column])
    form = "{:.2f} ms".format if column == 2 else "{:,.0f} tokens/s".format
    return {"what": what, "against": name, "ours": form(value), "theirs": form(theirs[name][column]), "ratio": statistics.median(ratios), "goal": goal, "note": ""}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("texts")
    parser.add_argument("--bench", default="build/bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    for m in measure(parser.parse_args()):
        print(f"{m['what']}: {m['ours']}, {m['against']} {m['theirs']}: {m['ratio']:.2f} × (goal {m['goal']})", flush=True)


if __name__ == "__main__":
    main()
