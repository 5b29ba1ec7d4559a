"""Writes finetune.json: what torch and transformers say about loss, optimiser and learning rate.

Run from this folder with the versions of requirements.txt; judged by tests/test_finetune_parts.c.
"""

import json

import torch
from transformers import get_scheduler

torch.manual_seed(3)


def numbers(tensor):
    return [float(x) for x in tensor.detach().flatten()]


def loss_case(rows, classes, smoothing, weights, scale=1.0):
    logits = (torch.randn(rows, classes) * scale).requires_grad_(True)
    labels = torch.randint(0, classes, (rows,))
    weight = None
    if weights:  # n / (K n_k), as sklearn.utils.class_weight.compute_class_weight("balanced")
        counts = torch.bincount(labels, minlength=classes).double()
        weight = torch.where(counts > 0, rows / (classes * counts), torch.ones_like(counts))
    wide = logits.double()
    loss = torch.nn.functional.cross_entropy(wide, labels, weight=weight, label_smoothing=smoothing)
    loss.backward()
    return {
        "classes": classes,
        "smoothing": smoothing,
        "balanced": weights,
        "logits": numbers(logits),
        "labels": labels.tolist(),
        "loss": loss.item(),
        "gradient": numbers(logits.grad),
    }


def adamw_case(learning_rate, weight_decay, max_norm, steps):
    weight = torch.nn.Parameter(torch.randn(11, 5))
    bias = torch.nn.Parameter(torch.randn(7))
    optimizer = torch.optim.AdamW(
        [{"params": [weight], "weight_decay": weight_decay}, {"params": [bias], "weight_decay": 0.0}],
        lr=learning_rate,
    )
    case = {
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "max_norm": max_norm,
        "weight": numbers(weight),
        "bias": numbers(bias),
        "steps": [],
    }
    for step in range(steps):
        weight.grad = torch.randn(11, 5) * (0.1 + step)
        bias.grad = torch.randn(7) * 0.01
        entry = {"weight": numbers(weight.grad), "bias": numbers(bias.grad)}
        norm = torch.nn.utils.clip_grad_norm_([weight, bias], max_norm if max_norm else float("inf"))
        optimizer.step()
        entry["norm"] = float(norm)
        entry["weight_after"] = numbers(weight)
        entry["bias_after"] = numbers(bias)
        case["steps"].append(entry)
    return case


def schedule_case(kind, warmup, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=3e-4)
    scheduler = get_scheduler(kind, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
    rates = []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return {"kind": kind, "learning_rate": 3e-4, "warmup": warmup, "steps": steps, "rates": rates}


golden = {
    "loss": [
        loss_case(9, 4, 0.0, False),
        loss_case(9, 4, 0.1, False),
        loss_case(17, 3, 0.0, True),
        loss_case(17, 3, 0.2, True),
        loss_case(5, 2, 0.0, False, scale=60.0),
        loss_case(3, 150, 0.1, False),
    ],
    "adamw": [
        adamw_case(1e-3, 0.01, 1.0, 10),
        adamw_case(5e-2, 0.0, 0.0, 10),
        adamw_case(3e-4, 0.1, 5.0, 10),
    ],
    "schedule": [
        schedule_case(kind, warmup, steps)
        for kind in ("linear", "cosine", "constant", "constant_with_warmup")
        for warmup, steps in ((0, 7), (3, 20), (1, 1))
    ],
}

with open("finetune.json", "w", encoding="utf-8") as out:
    json.dump(golden, out, separators=(",", ":"))
    out.write("\n")
