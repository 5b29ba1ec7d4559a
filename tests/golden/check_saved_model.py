"""Says whether transformers loads a saved model folder, and computes with it what it computes with another one.

    check_saved_model.py FOLDER [--like OTHER] [--head]

Every tensor must be taken from the folder and none be left over. With --like, the last hidden states (with --head the logits)
of a few texts, and the tokenizer's ids, must be those of OTHER. Needs the versions of requirements.txt; run it by hand after a
change to what is saved.
"""

import argparse

import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

TEXTS = ["", "the film is good", "un" * 40, "A long, long day; not very happy!", " ".join(["rain"] * 40)]


def load(folder, head, strict):
    kind = AutoModelForSequenceClassification if head else AutoModel
    model, report = kind.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    wrong = {key: value for key, value in report.items() if value}
    if strict and wrong:
        raise SystemExit(f"{folder}: not loaded whole: {wrong}")
    return model.eval(), AutoTokenizer.from_pretrained(folder)


def outputs(model, tokenizer, head):
    for text in TEXTS:
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=model.config.max_position_embeddings)
        with torch.no_grad():
            result = model(**inputs)
        yield inputs["input_ids"], result.logits if head else result.last_hidden_state


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("--like")
    arguments.add_argument("--head", action="store_true")
    options = arguments.parse_args()
    mine = load(options.folder, options.head, True)
    print(options.folder, type(mine[0]).__name__, type(mine[1]).__name__, mine[0].config.id2label if options.head else "")
    if options.like:
        other = load(options.like, options.head, False)
        worst = 0.0
        for (ids, states), (other_ids, other_states) in zip(outputs(*mine, options.head), outputs(*other, options.head)):
            assert ids.equal(other_ids), (ids, other_ids)
            worst = max(worst, float((states - other_states).abs().max()))
        print(f"largest difference to {options.like}: {worst:.3g}")
        if not worst < 2e-5:
            raise SystemExit(1)


main()
