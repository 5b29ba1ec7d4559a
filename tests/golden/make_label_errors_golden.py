"""Writes label_errors.json: probabilities with wrong labels among them, and what cleanlab suspects.

    python tests/golden/make_label_errors_golden.py        (versions: tests/golden/requirements.txt)
"""

import json
import pathlib

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores


def case(seed, rows, classes, noise, sharpness, absent=False):
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, classes - absent, rows)
    logits = draw.normal(size=(rows, classes))
    logits[np.arange(rows), truth] += sharpness
    probabilities = np.exp(logits)
    probabilities = np.round(probabilities / probabilities.sum(1, keepdims=True), 4)
    probabilities[:, -1] = np.round(1 - probabilities[:, :-1].sum(1), 4)
    wrong = draw.random(rows) < noise
    labels = np.where(wrong, draw.integers(0, classes - absent, rows), truth)
    issues = find_label_issues(labels, probabilities, filter_by="confident_learning", return_indices_ranked_by="self_confidence")
    scores = get_label_quality_scores(labels, probabilities, method="self_confidence")
    assert list(scores[issues]) == sorted(scores[issues])
    ranked = sorted(issues, key=lambda row: (scores[row], row))  # cleanlab leaves the order of equal scores to its sort
    return {
        "classes": classes,
        "labels": labels.tolist(),
        "probabilities": [int(round(value * 10000)) for value in probabilities.ravel()],
        "issues": [[int(row), int(probabilities[row].argmax()), round(float(scores[row]), 4)] for row in ranked],
    }


def main():
    cases = [case(1, 200, 2, 0.1, 2.0), case(2, 300, 6, 0.15, 3.0), case(3, 200, 10, 0.3, 1.0), case(4, 150, 4, 0.1, 2.5, absent=True)]
    path = pathlib.Path(__file__).parent / "label_errors.json"
    path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
