"""Features and training steps against transformers with PyTorch, on the same machine in the same run, in turn.

    python bench/against_transformers.py MODEL DATA [--program build/twofold] [--rounds 3] [--rows 2000] [--steps 12]

MODEL is the encoder's folder, DATA a folder with train and validation files that twofold reads. Needs torch, transformers, accelerate, datasets and numpy; downloads
nothing. Both sides start with text and end with a matrix, in float32, on the same number of threads; transformers as its tutorials write it: rows in file order,
batches of 64 padded to their longest row, Trainer with its default sampler. Loading is left out on their side and counted on ours. Ratios are taken round by round,
medians printed.
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import torch
from datasets import Dataset
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments


def read_rows(program, model, data, work):
    """The rows as twofold reads them: ids.csv has file:line, and the texts come back from `features`' own files."""
    subprocess.run([program, "compare", "--data", data, "--entries", "dummy", "--output_dir", f"{work}/rows", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    labels = json.load(open(f"{work}/rows/compare.json"))["data"]["labels"]
    rows = list(csv.DictReader(open(f"{work}/rows/dummy/predictions.csv", encoding="utf-8", newline="")))
    return [r["text"] for r in rows], [labels.index(r["label"]) for r in rows], labels


def write_rows(path, texts, labels):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(zip(texts, labels))


def their_features(model, tokenizer, texts):
    started, out = time.perf_counter(), []
    for i in range(0, len(texts), 64):
        batch = tokenizer(texts[i : i + 64], padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            out.append(model(**batch).last_hidden_state[:, 0].numpy())
    np.concatenate(out)
    return time.perf_counter() - started


def our_features(program, folder, path, work, threads):
    shutil.rmtree(f"{work}/features", ignore_errors=True)
    started = time.perf_counter()
    subprocess.run([program, "features", "--model", folder, "--data", path, "--output_dir", f"{work}/features", "--no_cache", "--quiet",
                    "--num_threads", str(threads)], check=True)
    return time.perf_counter() - started


def their_step(folder, tokenizer, texts, labels, classes, steps, work):
    rows = Dataset.from_dict({"text": texts, "labels": labels})
    rows = rows.map(lambda b: tokenizer(b["text"], truncation=True), batched=True, remove_columns=["text"])
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes)
    arguments = TrainingArguments(f"{work}/trainer", learning_rate=1e-4, per_device_train_batch_size=64, weight_decay=0.01, max_steps=steps,
                                  save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True, logging_steps=10**6)
    trainer = Trainer(model, arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer))
    return trainer.train().metrics["train_runtime"] / steps


def our_step(program, folder, path, steps, work, threads):
    shutil.rmtree(f"{work}/finetune", ignore_errors=True)
    subprocess.run([program, "finetune", "--model", folder, "--train_file", path, "--validation_file", path, "--output_dir", f"{work}/finetune", "--quiet",
                    "--learning_rate", "1e-4", "--batch_size", "64", "--weight_decay", "0.01", "--max_steps", str(steps), "--eval_strategy", "no",
                    "--save_strategy", "no", "--no_load_best_model_at_end", "--num_threads", str(threads)], check=True, stdout=subprocess.DEVNULL)
    return json.load(open(f"{work}/finetune/train_results.json"))["train_runtime"] / steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--program", default="build/twofold")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    with tempfile.TemporaryDirectory() as work:
        texts, labels, names = read_rows(a.program, a.model, a.data, work)
        texts, labels = texts[: a.rows], labels[: a.rows]
        write_rows(f"{work}/rows.csv", texts, [names[y] for y in labels])
        tokenizer = AutoTokenizer.from_pretrained(a.model)
        model = AutoModel.from_pretrained(a.model).eval()
        tokens = sum(map(len, tokenizer(texts, truncation=True)["input_ids"]))
        their_features(model, tokenizer, texts[:128])
        pairs = []
        for _ in range(a.rounds):
            pairs.append((their_features(model, tokenizer, texts), our_features(a.program, a.model, f"{work}/rows.csv", work, a.threads)))
            print(f"features   transformers {tokens / pairs[-1][0]:8.0f} tokens/s   twofold {tokens / pairs[-1][1]:8.0f} tokens/s", flush=True)
        print(f"features   {statistics.median(t / o for t, o in pairs):.2f} x (median of {a.rounds}; {len(texts)} rows, {tokens} tokens, start-up and loading on our side)")
        pairs = []
        for _ in range(a.rounds):
            pairs.append((their_step(a.model, tokenizer, texts, labels, len(names), a.steps, work),
                          our_step(a.program, a.model, f"{work}/rows.csv", a.steps, work, a.threads)))
            print(f"step       Trainer {pairs[-1][0]:.3f} s   twofold {pairs[-1][1]:.3f} s", flush=True)
        print(f"step       {statistics.median(t / o for t, o in pairs):.2f} x (median of {a.rounds}; {a.steps} steps of 64 rows)")


if __name__ == "__main__":
    main()
