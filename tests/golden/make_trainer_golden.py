"""Writes trainer-NAME.json beside this script: what transformers' Trainer reports of short runs on the tiny models.

Run after make_golden.py, from this folder, with the versions of requirements.txt; judged by tests/test_finetune.c. Each file holds
the run's options and its trainer_state.json, all_results.json and validation logits, dropout off, in the order of rows that
finetune/plan.c draws (the Philox shuffle below, written here from the paper, not from the program).
"""

import json
import os
import tempfile

import numpy
import torch
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding, AutoTokenizer, Trainer, TrainingArguments

SHUFFLE = 2  # STREAM_SHUFFLE of common/random.h


def philox(key, low, high):
    """Philox4x32-10, Salmon et al. 2011."""
    c = [low & 0xFFFFFFFF, low >> 32, high & 0xFFFFFFFF, high >> 32]
    k = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def shuffled(count, seed, epoch):
    """Fisher and Yates from the end, each index drawn as in Lemire 2019."""
    place = 0
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        bound = i + 1
        while True:
            word = philox(seed, place // 4, SHUFFLE << 32 | epoch)[place % 4]
            place += 1
            if (word * bound) & 0xFFFFFFFF >= (1 << 32) % bound:
                break
        j = (word * bound) >> 32
        order[i], order[j] = order[j], order[i]
    return order


class Sampler(torch.utils.data.Sampler):
    def __init__(self, count, seed):
        self.count, self.seed, self.epoch = count, seed, 0

    def __len__(self):
        return self.count

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        yield from shuffled(self.count, self.seed, self.epoch)
        self.epoch += 1


class OrderedTrainer(Trainer):
    def _get_train_sampler(self, *_):
        return Sampler(len(self.train_dataset), self.args.seed)


def metrics(prediction):
    answers = prediction.predictions.argmax(-1)
    return {
        "accuracy": accuracy_score(prediction.label_ids, answers),
        "f1_macro": f1_score(prediction.label_ids, answers, average="macro", zero_division=0),
    }


def load_rows(golden, prefix):
    ids, starts, labels = (golden[prefix + part].tolist() for part in ("ids", "starts", "labels"))
    return [
        {"input_ids": ids[starts[r] : starts[r + 1]], "attention_mask": [1] * (starts[r + 1] - starts[r]), "labels": labels[r]}
        for r in range(len(labels))
    ]


def run(name, folder, **options):
    golden = load_file(os.path.join(folder, "golden.safetensors"))
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for key in ("dropout", "attention_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob"):
        if hasattr(model.config, key):
            setattr(model.config, key, 0.0)
    for module in model.modules():  # DistilBERT keeps the rate beside its layers
        if isinstance(getattr(module, "dropout", None), float):
            module.dropout = 0.0
    with tempfile.TemporaryDirectory() as output:
        arguments = TrainingArguments(output, use_cpu=True, report_to=[], logging_steps=1, optim="adamw_torch",
                                      metric_for_best_model="accuracy", load_best_model_at_end=True, **options)
        trainer = OrderedTrainer(model, arguments, train_dataset=load_rows(golden, "train."), eval_dataset=load_rows(golden, ""),
                                 data_collator=DataCollatorWithPadding(AutoTokenizer.from_pretrained(folder)),
                                 compute_metrics=metrics)
        trainer.save_metrics("train", trainer.train().metrics)
        trainer.save_metrics("eval", trainer.evaluate())
        trainer.save_state()
        logits = trainer.predict(load_rows(golden, "")).predictions
        state = json.load(open(os.path.join(output, "trainer_state.json")))
        results = json.load(open(os.path.join(output, "all_results.json")))
    if state["best_model_checkpoint"]:
        state["best_model_checkpoint"] = os.path.basename(state["best_model_checkpoint"])
    found = {"folder": folder, "options": options, "state": state, "results": results,
             "logits": [float(x) for x in numpy.asarray(logits, dtype=numpy.float32).flatten()]}
    with open(f"trainer-{name}.json", "w", encoding="utf-8") as out:
        json.dump(found, out, indent=0, sort_keys=True)
        out.write("\n")


def main():
    torch.set_num_threads(1)
    run("distilbert", "tiny-distilbert", eval_strategy="epoch", save_strategy="epoch", learning_rate=1e-3, weight_decay=0.01,
        num_train_epochs=2, per_device_train_batch_size=4, seed=42)
    run("bert", "tiny-bert", eval_strategy="steps", eval_steps=5, save_strategy="steps", save_steps=5, learning_rate=2e-3,
        weight_decay=0.1, num_train_epochs=1.8, per_device_train_batch_size=3, warmup_steps=4, lr_scheduler_type="cosine",
        label_smoothing_factor=0.1, max_grad_norm=0.5, seed=7)


main()
