"""Writes log_odds.json: word counts of two groups, and their z by numpy.

    python tests/golden/make_log_odds_golden.py        (versions: tests/golden/requirements.txt)
"""

import json
import pathlib

import numpy as np


def z_scores(a, b, prior_size):
    """Monroe, Colaresi and Quinn 2008: (15) the log-odds difference under the prior, (20) its variance, (22) z."""
    prior = prior_size * (a + b) / (a + b).sum()
    omega = [(y + prior) / (y.sum() + prior.sum() - y - prior) for y in (a, b)]
    return (np.log(omega[0]) - np.log(omega[1])) / np.sqrt(1 / (a + prior) + 1 / (b + prior))


def main():
    draw = np.random.default_rng(8)
    shares = 1 / np.arange(1, 61)
    cases = []
    for size_a, size_b, prior_size in ((300, 4000, 500), (1000, 900, 10), (40, 40, 500)):
        tilted = shares * np.exp(draw.normal(size=60) * 0.5)
        a = draw.multinomial(size_a, tilted / tilted.sum())
        b = draw.multinomial(size_b, shares / shares.sum())
        b[(a + b) == 0] = 1
        cases.append({"a": a.tolist(), "b": b.tolist(), "prior_size": prior_size, "z": z_scores(a, b, prior_size).tolist()})
    path = pathlib.Path(__file__).parent / "log_odds.json"
    path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
