"""Writes tiny random model folders and what transformers and torch compute with them.

Run from this folder with the versions of requirements.txt. Makes, in folders that from_pretrained reads:

    tiny-distilbert, tiny-bert    float32, with a head, prefixed names, golden.safetensors beside the model
    tiny-distilbert-half          the first as float16
    tiny-bert-bare                the encoder of the second: bfloat16, no prefix, no head, LayerNorm.gamma and .beta, two shards

golden.safetensors holds, by name (B rows of n tokens in all, laid end to end without padding, [CLS] and [SEP] included):

    ids (n), starts (B + 1), labels (B)       the rows
    hidden.0 … hidden.L (n, C)                the embeddings and the result of every layer
    logits (B, K), loss (1), loss_smoothed (1)  mean losses, the second with label_smoothing_factor 0.1
    gradient.NAME                             of loss, for every parameter
    train.ids, train.starts, train.labels     further rows: step s of the training trains on rows 4s … 4s + 3
    train.losses (10), train.norms (10)       of every step, before its update and before clipping
    trained.NAME                              every parameter after the 10 steps

Training is Trainer's: AdamW, learning rate 1e-3 going linearly to 0, weight decay 0.01 but on biases and norms, norms clipped
at 1. Dropout is off throughout. The bias of a key has no influence on a softmax: its gradients are rounding errors, and so is
the direction Adam gives it.
"""

import copy
import json
import os
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast
from transformers import DistilBertConfig, DistilBertForSequenceClassification
from transformers import get_linear_schedule_with_warmup
from transformers.trainer_pt_utils import LabelSmoother, get_parameter_names

LABELS = ["calm", "glad", "sad"]
LENGTHS = [1, 2, 3, 7, 16, 17, 33, 64, 5]
STEPS, BATCH = 10, 4
WORDS = "the a is not very film day rain sun good bad long un happy ! . , ? ' -".split()
PIECES = ["##s", "##ed", "##ing", "##ly", "##y", "##happy"]
VOCABULARY = (
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    + [chr(c) for c in range(ord("a"), ord("z") + 1) if chr(c) != "a"]
    + ["##" + chr(c) for c in range(ord("a"), ord("z") + 1) if chr(c) not in "sy"]
    + WORDS
    + PIECES
)


def fill(model, seed):
    """Weights wide enough that no softmax is flat and no activation stays linear."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            norm = "norm" in name.lower() and name.endswith("weight")
            deviation = 0.4 if "embeddings" in name or name.startswith("classifier") else 0.2
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * deviation + (1.0 if norm else 0.0))


def rows(lengths, generator):
    """Random rows; those of at least two tokens begin with [CLS] and end with [SEP]."""
    result = []
    for length in lengths:
        ids = torch.randint(5, len(VOCABULARY), (length,), generator=generator)
        ids[0] = 2
        if length > 1:
            ids[-1] = 3
        result.append(ids)
    return result


def packed(prefix, all_rows, labels):
    starts = [0]
    for ids in all_rows:
        starts.append(starts[-1] + len(ids))
    return {
        prefix + "ids": torch.cat(all_rows).to(torch.int32),
        prefix + "starts": torch.tensor(starts, dtype=torch.int32),
        prefix + "labels": labels.to(torch.int32),
    }


def mean_loss(model, all_rows, labels):
    logits = torch.cat([model(input_ids=ids[None]).logits for ids in all_rows])
    return torch.nn.functional.cross_entropy(logits, labels)


def states(model, all_rows, labels):
    outputs = [model(input_ids=ids[None], output_hidden_states=True) for ids in all_rows]
    result = {}
    for layer in range(len(outputs[0].hidden_states)):
        result[f"hidden.{layer}"] = torch.cat([output.hidden_states[layer][0] for output in outputs])
    logits = torch.cat([output.logits for output in outputs])
    smoothed = LabelSmoother(epsilon=0.1)({"logits": logits}, labels)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    result |= {"logits": logits, "loss": loss[None], "loss_smoothed": smoothed[None]}
    for name, parameter in model.named_parameters():
        result["gradient." + name] = parameter.grad
    return result


def train(model, all_rows, labels):
    # Trainer.get_decay_parameter_names
    decayed = get_parameter_names(
        model, [torch.nn.LayerNorm], [r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]
    )
    groups = [
        {"params": [p for n, p in model.named_parameters() if n in decayed], "weight_decay": 0.01},
        {"params": [p for n, p in model.named_parameters() if n not in decayed], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, foreach=False)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, STEPS)
    losses, norms = [], []
    for step in range(STEPS):
        part = slice(step * BATCH, (step + 1) * BATCH)
        optimizer.zero_grad()
        loss = mean_loss(model, all_rows[part], labels[part])
        loss.backward()
        losses.append(loss.detach())
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0))
        optimizer.step()
        schedule.step()
    result = {"train.losses": torch.stack(losses), "train.norms": torch.stack(norms)}
    return result | {"trained." + name: parameter for name, parameter in model.named_parameters()}


def write_folder(folder, model, tokenizer):
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("".join(word + "\n" for word in VOCABULARY))


def write_golden(folder, model, seed):
    generator = torch.Generator().manual_seed(seed)
    all_rows = rows(LENGTHS, generator)
    labels = torch.randint(0, len(LABELS), (len(LENGTHS),), generator=generator)
    train_lengths = torch.randint(3, 13, (STEPS * BATCH,), generator=generator).tolist()
    train_rows = rows(train_lengths, generator)
    train_labels = torch.randint(0, len(LABELS), (STEPS * BATCH,), generator=generator)
    golden = packed("", all_rows, labels) | states(model, all_rows, labels)
    golden |= packed("train.", train_rows, train_labels) | train(copy.deepcopy(model), train_rows, train_labels)
    save_file({name: tensor.detach().contiguous() for name, tensor in golden.items()}, os.path.join(folder, "golden.safetensors"))


def write_bare(folder, source):
    """As older checkpoints are: shards, names from TensorFlow, nothing but the encoder."""
    config = json.load(open(os.path.join(source, "config.json")))
    for key in ("id2label", "label2id", "problem_type"):
        config.pop(key, None)
    config |= {"architectures": ["BertModel"], "dtype": "bfloat16"}
    with open(os.path.join(folder, "config.json"), "w") as file:
        file.write(json.dumps(config, indent=2, sort_keys=True) + "\n")
    tensors = {}
    for name, tensor in load_file(os.path.join(source, "model.safetensors")).items():
        if name.startswith("bert."):
            name = name.removeprefix("bert.")
            name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            tensors[name] = tensor.to(torch.bfloat16)
    names = sorted(tensors)
    halves = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, half in halves.items():
        save_file({name: tensors[name] for name in half}, os.path.join(folder, file), metadata={"format": "pt"})
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    weight_map = {name: file for file, half in halves.items() for name in half}
    with open(os.path.join(folder, "model.safetensors.index.json"), "w") as file:
        file.write(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}, indent=2, sort_keys=True) + "\n")


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    names = {"id2label": dict(enumerate(LABELS)), "label2id": {label: id for id, label in enumerate(LABELS)}}
    distilbert = DistilBertForSequenceClassification(
        DistilBertConfig(
            vocab_size=len(VOCABULARY), dim=16, n_layers=3, n_heads=2, hidden_dim=40, max_position_embeddings=64,
            problem_type="single_label_classification", attn_implementation="eager", **names
        )
    ).eval()
    bert = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(VOCABULARY), hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
            max_position_embeddings=64, problem_type="single_label_classification", attn_implementation="eager", **names
        )
    ).eval()
    with open("vocab.tmp", "w", encoding="utf-8") as file:
        file.write("".join(word + "\n" for word in VOCABULARY))
    tokenizer = BertTokenizerFast(vocab="vocab.tmp", model_max_length=64)
    os.remove("vocab.tmp")
    for folder, model, seed in (("tiny-distilbert", distilbert, 11), ("tiny-bert", bert, 12)):
        fill(model, seed)
        write_folder(folder, model, tokenizer)
        write_golden(folder, model, seed + 100)
    shutil.rmtree("tiny-distilbert-half", ignore_errors=True)
    shutil.rmtree("tiny-bert-bare", ignore_errors=True)
    os.mkdir("tiny-bert-bare")
    write_bare("tiny-bert-bare", "tiny-bert")
    copy.deepcopy(distilbert).half().save_pretrained("tiny-distilbert-half")


main()
