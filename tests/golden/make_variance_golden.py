"""Writes variance.json: the variance components of runs × rows by statsmodels' analysis of variance.

    python tests/golden/make_variance_golden.py        (versions: tests/golden/requirements.txt)
"""

import json
import pathlib

import numpy as np
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm


def case(seed, runs, rows, right):
    rng = np.random.default_rng(seed)
    hard, luck = rng.normal(size=rows), rng.normal(size=runs) * 0.3
    values = luck[:, None] + 2 * hard[None, :] + rng.normal(size=(runs, rows))
    values = (values > -1).astype(float) if right else np.round(values, 3)
    data = {"value": values.ravel(), "run": np.repeat(np.arange(runs), rows), "row": np.tile(np.arange(rows), runs)}
    table = anova_lm(smf.ols("value ~ C(run) + C(row)", data).fit(), typ=1)["mean_sq"]
    by_run, by_row, rest = table["C(run)"], table["C(row)"], table["Residual"]
    parts = [max(0, by_run - rest) / rows, max(0, by_row - rest) / (runs * rows), rest / rows]
    return {"runs": runs, "rows": rows, "values": values.ravel().tolist(), "parts": parts}


cases = [case(1, 3, 60, True), case(2, 5, 40, False), case(3, 2, 30, True), case(4, 4, 25, False)]
path = pathlib.Path(__file__).with_name("variance.json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n", encoding="utf-8")
