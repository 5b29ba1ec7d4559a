"""Writes confidence.json: what NumPy, SciPy and scikit-learn say of real answers, those of a bag of words and of a fine-tuned encoder on 200
validation and 200 test rows of a finished comparison. tests/test_confidence.c reads the answers from it.

    twofold compare … --output_dir RUN
    python tests/golden/make_confidence_golden.py RUN tfidf-logreg finetune      (versions: tests/golden/requirements.txt)
"""

import csv
import json
import pathlib
import sys

import numpy as np
import scipy.optimize
import scipy.special
import sklearn.calibration
import sklearn.metrics as m
from safetensors.numpy import load_file

ROWS, PARTS, BINS = 200, 10**5, 15


def counts(p):
    """Probabilities as whole parts of PARTS, none 0: small in the file, and the same doubles in any program."""
    n = np.maximum(1, np.rint(p * PARTS)).astype(int)
    n[np.arange(len(n)), n.argmax(1)] += PARTS - n.sum(1)
    return n


def edges(confidence, equal_mass):
    return np.percentile(confidence, np.linspace(0, 100, BINS + 1)) if equal_mass else np.linspace(0, 1, BINS + 1)


def errors(confidence, right, equal_mass):
    """ECE and MCE; scikit-learn's curve gives the bins that hold rows, np.searchsorted how many."""
    strategy = "quantile" if equal_mass else "uniform"
    accuracy, mean = sklearn.calibration.calibration_curve(right, confidence, n_bins=BINS, strategy=strategy)
    bins = np.searchsorted(edges(confidence, equal_mass)[1:-1], confidence)
    rows = np.bincount(bins, minlength=BINS)
    gaps = np.abs(accuracy - mean)
    return float(np.average(gaps, weights=rows[rows > 0])), float(gaps.max())


def measures(truth, p, answers):
    confidence, right = p[np.arange(len(p)), answers], answers == truth
    width, mass = errors(confidence, right, False), errors(confidence, right, True)
    return {
        "mean": float(confidence.mean()),
        "ece_width": width[0],
        "mce_width": width[1],
        "ece_mass": mass[0],
        "mce_mass": mass[1],
        "log_loss": m.log_loss(truth, p, labels=range(p.shape[1])),
        "brier": m.brier_score_loss(truth, p, labels=range(p.shape[1])),
    }


def fit(truth, p):
    z = np.log(p)
    loss = lambda t: m.log_loss(truth, scipy.special.softmax(z / t, axis=1), labels=range(p.shape[1]))
    return scipy.optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-12}).x


def coverage(confidence, right):
    """Accuracy on the rows from each threshold on, for the smallest set that covers i % of the rows."""
    out = []
    for percent in (10, 25, 50, 80, 100):
        for threshold in sorted(set(confidence), reverse=True):
            covered = confidence >= threshold
            if covered.sum() * 100 >= percent * len(covered):
                out.append([percent, float(covered.mean()), float(right[covered].mean()), float(threshold)])
                break
    return out


def cascade(truth, first, second, loss):
    """Every threshold there is, tried: the one that passes on the fewest rows, or loses no more than `loss`."""
    confidence, one, two = first.max(1), first.argmax(1) == truth, second.argmax(1) == truth
    tried = []
    for threshold in [0.0, *sorted(set(confidence))[1:], 2.0]:
        passed = confidence < threshold
        tried.append((int(passed.sum()), threshold, int(np.where(passed, two, one).sum())))
    return min(t for t in tried if t[2] >= two.sum() - loss * len(truth)), tried


def at(truth, first, second, threshold):
    passed = first.max(1) < threshold
    answers = np.where(passed, second.argmax(1), first.argmax(1))
    return [int(passed.sum()), int((answers == truth).sum())]


def main():
    run, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    stored = {name: load_file(run / name / "answers.safetensors") for name in names}
    labels = json.load(open(run / "compare.json"))["data"]["labels"]
    with open(run / names[0] / "predictions.csv", newline="") as f:
        truth = {"test": [labels.index(row["label"]) for row in csv.DictReader(f)]}
    splits = {}
    with open(run / "splits.csv", newline="") as f:
        ids = [row["file"] + ":" + row["line"] for row in csv.DictReader(f) if row["split"] == "validation"]
    texts = {}
    for file in {i.rsplit(":", 1)[0] for i in ids}:
        lines = (pathlib.Path(json.load(open(run / "compare.json"))["data"]["path"]) / file).read_text().splitlines()
        texts |= {f"{file}:{n}": line.rsplit(";", 1)[1] for n, line in enumerate(lines, 1)}
    truth["validation"] = [labels.index(texts[i]) for i in ids]
    out = {"parts": PARTS, "classes": len(labels), "truth": {}, "entries": []}
    p = {}
    for split in ("validation", "test"):
        out["truth"][split] = truth[split][:ROWS]
        splits[split] = np.array(truth[split][:ROWS])
    for name in names:
        entry = {"name": name}
        for split in splits:
            n = counts(stored[name][f"{split}.probabilities"][:ROWS])
            entry[split] = n.ravel().tolist()
            p[name, split] = n / PARTS
        given = p[name, "test"]
        temperature = fit(splits["validation"], p[name, "validation"])
        calibrated = scipy.special.softmax(np.log(given) / temperature, axis=1)
        answers = given.argmax(1)
        entry["temperature"] = temperature
        entry["given"] = measures(splits["test"], given, answers)
        entry["calibrated"] = measures(splits["test"], calibrated, answers)
        entry["coverage"] = coverage(given.max(1), answers == splits["test"])
        out["entries"].append(entry)
    out["cascade"] = []
    first, second = ([p[name, split] for name in names] for split in ("validation", "test"))
    for loss in (0, 0.01, 0.05, 0.5):
        (passed, threshold, right), tried = cascade(splits["validation"], *first, loss)
        out["cascade"].append(
            {
                "loss": loss,
                "passed": passed,
                "threshold": threshold,
                "right": right,
                "test": at(splits["test"], *second, threshold),
            }
        )
    tried = cascade(splits["test"], *second, 0)[1]
    out["curve"] = [min(t for t in tried if t[0] * 20 >= i * ROWS)[::2] for i in range(21)]
    path = pathlib.Path(__file__).with_name("confidence.json")
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")


main()
