"""Writes statistics.json: what SciPy, scikit-learn and statsmodels say about answers that tests/test_statistics.c draws again by itself.

Resamples are drawn by a Philox of our own, so that the judges score the very rows the program scores.

    python tests/golden/make_statistics_golden.py        (versions: tests/golden/requirements.txt)
"""

import json
import math
import pathlib
import types
import warnings

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
import sklearn.calibration
import sklearn.metrics as m
import statsmodels.stats.multitest

from statistics_judges import SCORES, components, plain, resample, rows_needed

warnings.simplefilter("ignore")

class Draws:
    """Knuth's MMIX generator; the upper 31 bits."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound


def draw(seed, rows, classes, entries):
    """truth (rows), and of each entry predicted (rows) and probabilities (rows, classes). Later entries are better."""
    draws = Draws(seed)
    truth = np.zeros(rows, int)
    p = np.zeros((entries, rows, classes))
    for row in range(rows):
        truth[row] = draws.below(classes)
        for entry in range(entries):
            weights = [1 + draws.below(8) for _ in range(classes)]
            weights[truth[row]] += draws.below(8 + 6 * entry)
            p[entry, row] = [w / sum(weights) for w in weights]
    return truth, p.argmax(2), p


def interval(statistic, rows, drawn, method):
    """scipy.stats.bootstrap on resamples that were drawn before."""
    distribution = np.array([statistic(i) for i in drawn])
    return scipy.stats.bootstrap(
        (np.arange(rows),), statistic, n_resamples=0, vectorized=False, method=method,
        bootstrap_result=types.SimpleNamespace(bootstrap_distribution=distribution),
    )  # fmt: skip


def bootstrap_case(seed, rows, classes, entries, resamples):
    truth, predicted, p = draw(seed, rows, classes, entries)
    drawn = [resample(seed, b, rows) for b in range(resamples)]
    out = {"seed": seed, "rows": rows, "classes": classes, "entries": entries, "resamples": resamples, "estimates": []}
    for name, score in SCORES.items():
        for entry, against in [(e, -1) for e in range(entries)] + [(0, e) for e in range(1, entries)]:
            def statistic(i):
                value = score(truth[i], predicted[entry][i], p[entry][i], classes)
                return value if against < 0 else value - score(truth[i], predicted[against][i], p[against][i], classes)

            bca, percentile = (interval(statistic, rows, drawn, method) for method in ("BCa", "percentile"))
            out["estimates"].append(
                [name, entry, against, statistic(np.arange(rows)), bca.standard_error, *bca.confidence_interval,
                 *percentile.confidence_interval]
            )  # fmt: skip
    return out


def permutation_case(seed, rows, classes):
    """All 2^rows swaps, by scipy.stats."""
    truth, predicted, p = draw(seed, rows, classes, 2)
    t2, a2, p2 = np.concatenate([truth, truth]), np.concatenate(list(predicted)), np.concatenate(list(p))
    out = {"seed": seed, "rows": rows, "classes": classes}
    for name, score in SCORES.items():
        def statistic(x, y):
            x, y = x.astype(int), y.astype(int)
            return score(t2[x], a2[x], p2[x], classes) - score(t2[y], a2[y], p2[y], classes)

        judged = scipy.stats.permutation_test(
            (np.arange(rows), np.arange(rows) + rows), statistic, permutation_type="samples", vectorized=False, n_resamples=np.inf
        )  # fmt: skip
        out[name] = judged.pvalue
    return out


def delong_case(seed, rows, classes):
    truth, _, p = draw(seed, rows, classes, 2)
    out = {"seed": seed, "rows": rows, "classes": classes, "per_class": []}
    deviation = np.zeros((2, rows))
    for c in range(classes):
        column = 1 if classes == 2 else c
        own = truth == column
        m_, n_ = own.sum(), (~own).sum()
        parts = [components(own, p[e][:, column]) for e in range(2)]
        values = [float(v10.mean()) for v10, _ in parts]
        for e in range(2):
            assert abs(values[e] - m.roc_auc_score(own, p[e][:, column])) < 1e-12
            deviation[e][own] += (parts[e][0] - values[e]) / np.sqrt(m_ * (m_ - 1)) / classes
            deviation[e][~own] += (parts[e][1] - values[e]) / np.sqrt(n_ * (n_ - 1)) / classes
        s = np.cov([v for v, _ in parts]) / m_ + np.cov([v for _, v in parts]) / n_
        spread = math.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])
        log10_p = scipy.stats.norm.logsf(abs(values[0] - values[1]) / spread) / math.log(10) + math.log10(2)
        out["per_class"].append([*values, math.sqrt(s[0, 0]), math.sqrt(s[1, 1]), spread, log10_p])
    auc = lambda i, e: m.roc_auc_score(truth[i], p[e][i][:, 1] if classes == 2 else p[e][i], multi_class="ovr")
    every = np.arange(rows)
    out["macro"] = [auc(every, 0), auc(every, 1), *np.sqrt((deviation**2).sum(1)), np.sqrt(((deviation[0] - deviation[1]) ** 2).sum())]
    # The mean over classes is no case of the paper's: the bootstrap of scikit-learn's own score is the second judge.
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, rows, rows) for _ in range(300)]
    spread = np.std([[auc(i, 0), auc(i, 1), auc(i, 0) - auc(i, 1)] for i in drawn], axis=0, ddof=1)
    assert np.all(abs(spread / out["macro"][2:] - 1) < 0.15), (spread, out["macro"])
    return out


def reliability(right, confidence, strategy):
    edges = np.linspace(0, 1, 16) if strategy == "uniform" else np.percentile(confidence, np.linspace(0, 1, 16) * 100)
    rows = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=15)
    true, mean = sklearn.calibration.calibration_curve(right, confidence, n_bins=15, strategy=strategy)
    gaps = abs(true - mean)
    return {"rows": rows, "accuracy": true, "confidence": mean, "ece": (rows[rows > 0] * gaps).sum() / rows.sum(), "mce": gaps.max()}


def brier_parts(truth, p):
    rows, classes = p.shape
    parts = np.zeros(3)
    for c in range(classes):
        own, bins = truth == c, np.searchsorted(np.linspace(0, 1, 16)[1:-1], p[:, c])
        for b in set(bins):
            i = bins == b
            parts[0] += i.mean() * (p[i, c].mean() - own[i].mean()) ** 2
            parts[1] += i.mean() * (own[i].mean() - own.mean()) ** 2
        parts[2] += own.mean() * (1 - own.mean())
    brier, parts = m.brier_score_loss(truth, p, labels=range(classes)), parts / (2 if classes == 2 else 1)
    return [brier, *parts, brier - parts[0] + parts[1] - parts[2]]


def temperature(truth, p):
    """The zero of the loss's derivative in 1/T, and the losses before and after."""
    z, own = np.log(p), np.arange(len(truth))
    loss = lambda b: -scipy.special.log_softmax(b * z, axis=1)[own, truth].mean()
    slope = lambda b: ((scipy.special.softmax(b * z, axis=1) * z).sum(1) - z[own, truth]).mean()
    sharpness = scipy.optimize.brentq(slope, 0.01, 100, xtol=1e-15)
    assert loss(sharpness) <= min(loss(sharpness * 1.001), loss(sharpness * 0.999))
    return [1 / sharpness, loss(1), loss(sharpness), *scipy.special.softmax(sharpness * z[0])]


def coverage(right, confidence, count):
    out = []
    for i in range(count):
        for threshold in sorted(set(confidence), reverse=True):
            taken = confidence >= threshold
            if taken.mean() * count >= i + 1 - 1e-9:
                out.append([taken.mean(), right[taken].mean(), threshold])
                break
    return out


def calibration_case(seed, rows, classes):
    truth, predicted, p = draw(seed, rows, classes, 2)
    truth, predicted, p = truth, predicted[1], p[1]
    right, confidence = truth == predicted, p.max(1)
    return {
        "seed": seed, "rows": rows, "classes": classes,
        "width": reliability(right, confidence, "uniform"), "mass": reliability(right, confidence, "quantile"),
        "brier": brier_parts(truth, p), "temperature": temperature(truth, p), "coverage": coverage(right, confidence, 10),
    }  # fmt: skip


def holm(p):
    return [p, np.log10(statsmodels.stats.multitest.multipletests(p, method="holm")[1])]


def main():
    golden = {
        "bootstrap": [bootstrap_case(5, 60, 3, 3, 150), bootstrap_case(6, 45, 2, 2, 100), bootstrap_case(7, 40, 9, 1, 100)],
        "permutation": [permutation_case(21, 7, 3), permutation_case(22, 8, 2)],
        "delong": [delong_case(31, 150, 3), delong_case(32, 200, 2), delong_case(33, 300, 5)],
        "rows_needed": [
            rows_needed(*counts, 0.05, 0.8) for counts in ((30, 20, 1000), (5, 20, 200), (120, 60, 2000), (0, 10, 500), (400, 350, 2000))
        ]
        + [rows_needed(120, 60, 2000, 0.01, 0.9)],
        "holm": [holm(p) for p in ([0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.9, 0.6], [1e-20, 0.02, 0.02, 0.02, 1.0, 0.3])],
        "calibration": [calibration_case(41, 200, 3), calibration_case(42, 60, 2), calibration_case(43, 500, 9)],
    }
    path = pathlib.Path(__file__).with_name("statistics.json")
    path.write_text(json.dumps(plain(golden), separators=(",", ":")) + "\n", encoding="utf-8")


main()
