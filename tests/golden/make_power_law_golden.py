"""power_law.json: learning curves with the power law that scipy.optimize.curve_fit finds. Versions: requirements.txt.

    python tests/golden/make_power_law_golden.py
"""
import json
import os

import numpy as np
from scipy.optimize import curve_fit
from scipy.stats import chi2

rng = np.random.default_rng(7)


def law(n, floor, scale, power):
    return floor + scale * n ** (-power)


def fit(n, wrong, asked):
    y = wrong / asked
    share = (wrong + 0.5) / (asked + 1)
    sigma = np.sqrt(share * (1 - share) / asked)
    best = None
    for power in (0.05, 0.2, 0.5, 1.0, 2.0):  # curve_fit finds the nearest optimum
        for floor in (0.0, float(y.min()) * 0.5, float(y.min()) * 0.95):
            start = (floor, max(1e-6, (y[0] - floor) * n[0] ** power), power)
            try:
                found, _ = curve_fit(law, n, y, p0=start, sigma=sigma, absolute_sigma=True,
                                     bounds=([0, 0, 0.01], [1, np.inf, 3]), xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=20000)
            except RuntimeError:
                continue
            square = float(np.sum(((y - law(n, *found)) / sigma) ** 2))
            if best is None or square < best[1]:
                best = (found, square)
    return best


cases = []
for floor, scale, power, asked, sizes in [
    (0.08, 3.0, 0.45, 2000, (1600, 4000, 8000, 16000)),
    (0.0, 2.0, 0.3, 2000, (100, 250, 500, 1000)),
    (0.2, 8.0, 0.8, 500, (100, 200, 400, 800, 1600)),
    (0.3, 0.5, 0.2, 10000, (1000, 2500, 5000, 10000)),
    (0.05, 0.4, 0.1, 20000, (500, 1000, 2000, 4000, 8000, 16000)),
    (0.65, 0.0, 1.0, 2000, (1600, 4000, 8000, 16000)),
]:
    n = np.array(sizes, dtype=float)
    wrong = rng.binomial(asked, np.clip(law(n, floor, scale, power), 0, 1))
    found, square = fit(n, wrong, asked)
    cases.append({
        "n": list(sizes), "wrong": [int(w) for w in wrong], "asked": asked, "chi2": square,
        "p": float(chi2.sf(square, len(n) - 3)),
        "error_at_end": float(law(n[-1], *found)), "error_at_twice": float(law(2 * n[-1], *found)),
        "floor": float(found[0]), "scale": float(found[1]), "power": float(found[2]),
    })

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "power_law.json")
with open(path, "w") as f:
    json.dump({"cases": cases}, f, indent=1)
    f.write("\n")
