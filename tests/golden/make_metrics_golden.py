"""Writes metrics.json: what scikit-learn, SciPy and mpmath say about answers that tests/test_metrics.c draws again by itself.

Both sides draw from the same generator (`Draws`), and a probability is a quotient of two small whole numbers, so that the inputs
are equal to the bit and full of ties, and need no place in the file.

    python tests/golden/make_metrics_golden.py        (versions: tests/golden/requirements.txt)
"""

import json
import math
import pathlib
import warnings

import mpmath
import numpy as np
import scipy.special
import scipy.stats
import sklearn.metrics as m

warnings.simplefilter("ignore")
mpmath.mp.dps = 60

LABELS = [f"class {c}" for c in range(77)]
LABELS[1] = "größer als 大きい"
LABELS[3] = "a label that is much longer than the heading of the last line"


class Draws:
    """Knuth's MMIX generator; the upper 31 bits."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound


def draw(kind, seed, rows, classes):
    draws = Draws(seed)
    truth, predicted, probabilities = [], [], []
    for _ in range(rows):
        t = draws.below(classes - 1 if kind in ("rowless_last", "absent_last") else classes)
        if kind == "one_class":
            t = 1
        weights = [draws.below(8) for _ in range(classes)]
        weights[t] += draws.below(8)
        if kind in ("unanswered_last", "absent_last"):
            weights[classes - 1] = 0
        if kind == "perfect":
            weights = [int(c == t) for c in range(classes)]
        if kind == "constant":
            weights = [c * 7 % 5 + 1 for c in range(classes)]
        if kind == "uniform":
            weights = [1] * classes
        if sum(weights) == 0:
            weights[0] = 1
        p = [w / sum(weights) for w in weights]
        truth.append(t)
        predicted.append(draws.below(classes) if kind == "stray" else int(np.argmax(p)))
        probabilities.append(p)
    return np.array(truth), np.array(predicted), np.array(probabilities)


def top_k(truth, p, k):
    classes = p.shape[1]
    return m.top_k_accuracy_score(truth, p[:, 1] if classes == 2 else p, k=k, labels=range(classes))


def score(kind, seed, rows, classes):
    truth, predicted, p = draw(kind, seed, rows, classes)
    present = sorted(set(truth) | set(predicted))
    out = {"kind": kind, "seed": seed, "rows": rows, "classes": classes}
    out["accuracy"] = m.accuracy_score(truth, predicted)
    out["balanced_accuracy"] = m.balanced_accuracy_score(truth, predicted)
    for average in ("micro", "macro", "weighted"):
        out[f"precision_{average}"] = m.precision_score(truth, predicted, average=average, zero_division=0)
        out[f"f1_{average}"] = m.f1_score(truth, predicted, average=average, zero_division=0)
        # metrics/scores.h: a class without rows is left out of the mean recall.
        out[f"recall_{average}"] = m.recall_score(truth, predicted, average=average, zero_division=np.nan)
    out["mcc"] = m.matthews_corrcoef(truth, predicted)
    out["cohen_kappa"] = m.cohen_kappa_score(truth, predicted)
    out["log_loss"] = m.log_loss(truth, p, labels=range(classes))
    out["brier"] = m.brier_score_loss(truth, p, labels=range(classes))
    auc = [m.roc_auc_score(truth == c, p[:, 1] if classes == 2 and c == 1 else p[:, c]) for c in range(classes)]
    if classes == 2:
        auc = [auc[1], auc[1]]
    out["roc_auc"] = auc
    out["roc_auc_ovr_macro"] = float(np.nanmean(auc))
    out["roc_auc_ovr_weighted"] = float(np.nansum(np.array(auc) * np.bincount(truth, minlength=classes)) / rows)
    if not np.isnan(auc).any():
        # The means as scikit-learn takes them itself, where it can.
        scores = p[:, 1] if classes == 2 else p
        out["roc_auc_ovr_macro"] = m.roc_auc_score(truth, scores, multi_class="ovr", average="macro")
        out["roc_auc_ovr_weighted"] = m.roc_auc_score(truth, scores, multi_class="ovr", average="weighted")
    if all(math.isnan(a) for a in auc):
        out["roc_auc_ovr_macro"] = out["roc_auc_ovr_weighted"] = float("nan")
    out["top_k"] = {str(k): top_k(truth, p, k) for k in (2, 3, 5, 10) if k < classes}
    every = range(classes)
    out["precision"] = m.precision_score(truth, predicted, labels=every, average=None, zero_division=0)
    out["f1"] = m.f1_score(truth, predicted, labels=every, average=None, zero_division=0)
    out["recall"] = m.recall_score(truth, predicted, labels=every, average=None, zero_division=np.nan)
    for c in every:
        if c not in present:
            out["precision"][c] = out["f1"][c] = np.nan
    if classes <= 5:
        for name, by in (("counts", None), ("by_true", "true"), ("by_predicted", "pred"), ("by_all", "all")):
            out[name] = m.confusion_matrix(truth, predicted, labels=every, normalize=by)
    for digits in (2, 4):
        out[f"report_{digits}"] = m.classification_report(
            truth, predicted, labels=present, target_names=[LABELS[c] for c in present], digits=digits, zero_division=0
        )
    # Without labels= scikit-learn lists the same classes.
    plain = m.classification_report(truth, predicted, zero_division=0).split("\n")
    assert len(plain) == len(out["report_2"].split("\n"))
    return out


def wilson(hits, n, confidence):
    interval = scipy.stats.binomtest(hits, n).proportion_ci(confidence, method="wilson")
    return [hits, n, confidence, interval.low, interval.high]


def mcnemar(b, c):
    """Fair coins in 60 digits: two-sided exact p and mid-p, as log10."""
    n, k = b + c, min(b, c)
    point = mpmath.exp(mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1) - n * mpmath.log(2))
    tail, term, i = point, point, k
    while i > 0 and term > tail * mpmath.mpf(10) ** -40:
        term = term * i / (n - i + 1)
        tail += term
        i -= 1
    p = min(mpmath.mpf(1), 2 * tail)
    mid = 1 if n == 0 else 1 - point / 2 if b == c else 2 * tail - point
    if p > 1e-300:
        assert abs(scipy.stats.binomtest(k, max(n, 1)).pvalue / float(p) - 1) < 1e-6
    return [b, c, float(mpmath.log10(p)), float(mpmath.log10(mid))]


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(value)
    return value


def main():
    kinds = ("noisy", "perfect", "constant", "uniform", "stray", "rowless_last", "unanswered_last", "absent_last", "one_class")
    cases = [score(kind, 100 * classes + i, 97, classes) for classes in (2, 3, 5) for i, kind in enumerate(kinds)]
    cases += [score("noisy", seed, rows, 3) for seed, rows in ((1, 1), (2, 2), (3, 5), (4, 2500))]
    cases += [score(kind, 7, rows, 77) for kind, rows in (("noisy", 3080), ("absent_last", 200))]
    golden = {
        "labels": LABELS,
        "scores": cases,
        "wilson": [
            wilson(hits, n, confidence)
            for confidence in (0.95, 0.99, 0.5)
            for hits, n in ((0, 1), (1, 1), (0, 10), (10, 10), (3, 10), (695, 2000), (1843, 2000), (999999, 1000000))
        ],
        "normal": [[p, scipy.special.ndtri(p)] for p in (1e-300, 1e-20, 1e-6, 0.001, 0.025, 0.3, 0.49999, 0.6, 0.975, 0.9999)],
        "mcnemar": [
            mcnemar(b, c)
            for b, c in (
                (0, 0), (0, 1), (1, 1), (1, 2), (3, 3), (0, 9), (5, 2), (13, 30), (8, 8), (101, 100), (600, 50), (25, 575),
                (0, 1000), (0, 5000), (2000, 3000), (499000, 501000), (500000, 500000), (1000000, 10), (123456, 123457),
            )
        ],
    }
    path = pathlib.Path(__file__).with_name("metrics.json")
    path.write_text(json.dumps(plain(golden), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


main()
