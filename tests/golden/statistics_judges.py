"""What make_statistics_golden.py and make_real_golden.py share: the judges' scores, and the program's own draws."""

import math

import numpy as np
import scipy.stats
import sklearn.metrics as m

STREAM_BOOTSTRAP = 7
MASK = 2**32 - 1


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
    "precision_macro": lambda t, a, p, k: m.precision_score(t, a, average="macro", zero_division=0),
    "precision_weighted": lambda t, a, p, k: m.precision_score(t, a, average="weighted", zero_division=0),
    "log_loss": lambda t, a, p, k: m.log_loss(t, p, labels=range(k)),
    "brier": lambda t, a, p, k: m.brier_score_loss(t, p, labels=range(k)),
}


def components(own, score):
    """DeLong's V10 and V01 from all pairs."""
    x, y = score[own][:, None], score[~own][None, :]
    wins = (x > y) + (x == y) / 2
    return wins.mean(1), wins.mean(0)


def rows_needed(only_a, only_b, rows, alpha, power):
    """Connor 1987, and the power that McNemar's test (the normal one) really has with as many rows."""
    psi, d = (only_a + only_b) / rows, (only_a - only_b) / rows
    z_alpha, z_power = scipy.stats.norm.isf(alpha / 2), scipy.stats.norm.isf(1 - power)
    n = math.ceil((z_alpha * math.sqrt(psi) + z_power * math.sqrt(psi - d * d)) ** 2 / d**2)
    found = 0
    for discordant in range(1, n + 1):
        weight = scipy.stats.binom.pmf(discordant, n, psi)
        if weight > 1e-9:
            x = np.arange(discordant + 1)
            rejected = abs(2 * x - discordant) >= z_alpha * math.sqrt(discordant)
            found += weight * scipy.stats.binom.pmf(x, discordant, only_a / (only_a + only_b))[rejected].sum()
    # With fewer rows that differ the test's power moves in steps too coarse to compare.
    assert n * psi < 50 or abs(found - power) < 0.03, (only_a, only_b, rows, n, found)
    return [only_a, only_b, rows, alpha, power, n]


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
