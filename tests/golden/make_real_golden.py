"""Writes real_statistics.json: what SciPy, scikit-learn and statsmodels say about the answers in real_answers.json, which three entries
of a real comparison gave. tests/test_comparison_statistics.c asks compare/ the same.

    python tests/golden/make_real_golden.py        (versions: tests/golden/requirements.txt)
"""

import json
import pathlib
import types
import warnings

import numpy as np
import scipy.stats
import sklearn.metrics as m
import statsmodels.stats.multitest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from statistics_judges import SCORES, components, plain, resample, rows_needed

warnings.simplefilter("ignore")

SEED, RESAMPLES, PERMUTATIONS = 42, 1000, 9999
PAIR_SCORES = ["accuracy", "f1_macro", "f1_weighted", "log_loss"]
HERE = pathlib.Path(__file__).parent


def wilson(hits, rows):
    return proportion_confint(hits, rows, 0.05, "wilson")


def f1_interval(hits, union):
    """F1 = 2J / (1 + J), and J = hits / union is a proportion."""
    return [2 * end / (1 + end) for end in wilson(hits, union)]


def class_intervals(truth, predicted, classes):
    out = []
    for c in range(classes):
        hits = int(((truth == c) & (predicted == c)).sum())
        answered, support = int((predicted == c).sum()), int((truth == c).sum())
        union = int(((truth == c) | (predicted == c)).sum())
        jaccard = m.jaccard_score(truth == c, predicted == c)
        assert abs(2 * jaccard / (1 + jaccard) - m.f1_score(truth == c, predicted == c)) < 1e-12
        assert abs(hits / union - jaccard) < 1e-12
        out.append([*wilson(hits, answered), *wilson(hits, support), *f1_interval(hits, union)])
    return out


def auc_intervals(truth, p, classes):
    """DeLong from all pairs: of each class, then of the mean over classes and of the mean weighted by rows."""
    deviations, values, shares = [], [], []
    for c in range(classes):
        own = truth == c
        v10, v01 = components(own, p[:, c])
        deviation = np.zeros(len(truth))
        deviation[own] = (v10 - v10.mean()) / np.sqrt(own.sum() * (own.sum() - 1))
        deviation[~own] = (v01 - v01.mean()) / np.sqrt((~own).sum() * ((~own).sum() - 1))
        deviations.append(deviation), values.append(v10.mean()), shares.append(own.mean())
    rows = []
    for weights in [*np.eye(classes), np.full(classes, 1 / classes), np.array(shares)]:
        value, spread = weights @ values, np.sqrt(((weights @ np.array(deviations)) ** 2).sum())
        rows.append([max(value - 1.959963984540054 * spread, 0), min(value + 1.959963984540054 * spread, 1)])
    assert abs(np.mean(values) - m.roc_auc_score(truth, p, multi_class="ovr")) < 1e-12
    return rows


class Scored:
    """One entry's score on any rows; those of whole resamples are kept."""

    def __init__(self, name, truth, predicted, p):
        self.name, self.truth, self.predicted, self.p, self.kept = name, truth, predicted, p, {}

    def __call__(self, i):
        key = i.tobytes()
        if key not in self.kept:
            self.kept[key] = SCORES[self.name](self.truth[i], self.predicted[i], self.p[i], self.p.shape[1])
        return self.kept[key]


def bca(statistic, rows, drawn):
    distribution = np.array([statistic(i) for i in drawn])
    judged = scipy.stats.bootstrap(
        (np.arange(rows),), statistic, n_resamples=0, vectorized=False, method="BCa",
        bootstrap_result=types.SimpleNamespace(bootstrap_distribution=distribution),
    )  # fmt: skip
    return [*judged.confidence_interval, judged.standard_error]


def permuted(a, b, rows, rng):
    """Rows of a are 0 … rows - 1, those of b behind them."""
    t, answers, p = (np.concatenate([x, y]) for x, y in ((a.truth, b.truth), (a.predicted, b.predicted), (a.p, b.p)))
    score = lambda i: SCORES[a.name](t[i], answers[i], p[i], p.shape[1])
    return scipy.stats.permutation_test(
        (np.arange(rows), np.arange(rows) + rows), lambda x, y: score(x.astype(int)) - score(y.astype(int)),
        permutation_type="samples", vectorized=False, n_resamples=PERMUTATIONS if a.name == "accuracy" else 999, rng=rng,
    ).pvalue  # fmt: skip


def main():
    answers = json.loads((HERE / "real_answers.json").read_text())
    truth, classes = np.array(answers["truth"]), len(answers["classes"])
    rows = len(truth)
    p = [np.array(flat).reshape(rows, classes) / 10000 for flat in answers["entries"].values()]
    predicted = [x.argmax(1) for x in p]
    drawn = [resample(SEED, b, rows) for b in range(RESAMPLES)]
    scored = [{name: Scored(name, truth, predicted[e], p[e]) for name in SCORES} for e in range(len(p))]
    out = {"seed": SEED, "resamples": RESAMPLES, "entries": [], "pairs": []}
    for e in range(len(p)):
        out["entries"].append({
            "accuracy": wilson(int((predicted[e] == truth).sum()), rows),
            "top_2": wilson(round(m.top_k_accuracy_score(truth, p[e], k=2) * rows), rows),
            "per_class": class_intervals(truth, predicted[e], classes),
            "auc": auc_intervals(truth, p[e], classes),
            "bca": {name: bca(score, rows, drawn)[:2] for name, score in scored[e].items() if name != "accuracy"},
        })  # fmt: skip
    exact, rng = [], np.random.default_rng(1)
    for a in range(len(p)):
        for b in range(a + 1, len(p)):
            right_a, right_b = predicted[a] == truth, predicted[b] == truth
            only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
            table = [[int((right_a & right_b).sum()), only_a], [only_b, int((~right_a & ~right_b).sum())]]
            exact.append(mcnemar(table, exact=True).pvalue)
            mid = exact[-1] - scipy.stats.binom.pmf(min(only_a, only_b), only_a + only_b, 0.5)
            pair = {"p": exact[-1], "mid_p": mid, "differences": []}
            pair["rows_needed"] = rows_needed(only_a, only_b, rows, 0.05 / 3, 0.8)[-1]  # Holm's strictest level for three pairs
            for name in PAIR_SCORES:
                x, y = scored[a][name], scored[b][name]
                difference = lambda i: y(i) - x(i)
                pair["differences"].append([difference(np.arange(rows)), *bca(difference, rows, drawn), permuted(x, y, rows, rng)])
            out["pairs"].append(pair)
    for pair, holm in zip(out["pairs"], statsmodels.stats.multitest.multipletests(exact, method="holm")[1]):
        pair["holm"] = holm
    (HERE / "real_statistics.json").write_text(json.dumps(plain(out), separators=(",", ":")) + "\n", encoding="utf-8")


main()
