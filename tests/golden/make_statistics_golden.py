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
import scipy.stats
import sklearn.metrics as m

warnings.simplefilter("ignore")

STREAM_BOOTSTRAP = 7
MASK = 2**32 - 1


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


def philox(key, low, high):
    c = [low & MASK, low >> 32, high & MASK, high >> 32]
    k = [key & MASK, key >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def resample(seed, number, rows):
    words, place, out = [], 0, []
    while len(out) < rows:
        if place % 4 == 0:
            words = philox(seed, place // 4, STREAM_BOOTSTRAP << 32 | number)
        product = words[place % 4] * rows
        place += 1
        if product & MASK >= 2**32 % rows:
            out.append(product >> 32)
    return np.array(out)


SCORES = {
    "accuracy": lambda t, a, p, k: m.accuracy_score(t, a),
    "balanced_accuracy": lambda t, a, p, k: m.balanced_accuracy_score(t, a),
    "f1_macro": lambda t, a, p, k: m.f1_score(t, a, average="macro", zero_division=0),
    "f1_weighted": lambda t, a, p, k: m.f1_score(t, a, average="weighted", zero_division=0),
    "mcc": lambda t, a, p, k: m.matthews_corrcoef(t, a),
    "cohen_kappa": lambda t, a, p, k: m.cohen_kappa_score(t, a),
    "log_loss": lambda t, a, p, k: m.log_loss(t, p, labels=range(k)),
    "brier": lambda t, a, p, k: m.brier_score_loss(t, p, labels=range(k)),
}


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
    golden = {
        "bootstrap": [bootstrap_case(5, 60, 3, 3, 150), bootstrap_case(6, 45, 2, 2, 100), bootstrap_case(7, 40, 9, 1, 100)],
    }
    path = pathlib.Path(__file__).with_name("statistics.json")
    path.write_text(json.dumps(plain(golden), separators=(",", ":")) + "\n", encoding="utf-8")


main()
