#!/usr/bin/env python3
"""Writes linear.json: small matrices, and what scikit-learn makes of them.

The judges of liblinear's two objectives minimise the same functions another way, to full precision: Newton's method with the
bias as one more regularised column. They are held against scikit-learn's LogisticRegression(solver="liblinear") and
LinearSVC here, and the multinomial one against its lbfgs.

    python make_linear_golden.py        (packages: requirements.txt)
"""
import json
import pathlib
import warnings

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

CASES = [  # name, rows, columns, classes, C, balanced, sparse
    ("two", 60, 5, 2, 1.0, False, False),
    ("two, balanced", 60, 5, 2, 10.0, True, False),
    ("three", 60, 5, 3, 1.0, False, False),
    ("three, sparse, balanced", 50, 24, 3, 10.0, True, True),
    ("six", 90, 6, 6, 10.0, False, False),
    ("six, balanced", 90, 6, 6, 1.0, True, False),
    ("six, sparse", 80, 30, 6, 100.0, False, True),
    ("two, sparse", 40, 20, 2, 100.0, False, True),
]


def make_rows(seed, rows, columns, classes, sparse):
    """Values are multiples of 1/64, exact in float32 and short in JSON; the first rows' labels are not in order of class."""
    rng = np.random.default_rng(seed)
    shares = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    labels = np.concatenate([np.arange(classes)[::-1], rng.choice(classes, rows - classes, p=shares)])
    centres = rng.normal(size=(classes, columns))
    x = centres[labels] * 0.7 + rng.normal(size=(rows, columns))
    if sparse:
        x = np.where(rng.random((rows, columns)) < 0.2, np.abs(x), 0)
    return np.round(x * 64) / 64, labels


def with_bias(x):
    return np.hstack([x, np.ones((len(x), 1))])


def positives_of(labels, classes):
    return [1] if classes == 2 else range(classes)


def problem_weights(labels, k, classes, balanced):
    """liblinear's -wi: n / (K n_k) on the positives; with two classes, on both sides."""
    counts = np.bincount(labels, minlength=classes)
    if not balanced:
        return np.ones(len(labels))
    if classes == 2:
        return (len(labels) / (2 * counts))[labels]
    return np.where(labels == k, len(labels) / (classes * counts[k]), 1.0)


def fit_logreg(x, labels, classes, c, balanced):
    fits = []
    for k in positives_of(labels, classes):
        model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-13, max_iter=10000, fit_intercept=False)
        weights = problem_weights(labels, k, classes, balanced)
        fits.append(model.fit(with_bias(x), labels == k, sample_weight=weights).coef_[0])
        check = LogisticRegression(C=c, solver="liblinear", tol=1e-9, max_iter=10000, intercept_scaling=1)
        check.fit(x, labels == k, sample_weight=weights)
        assert np.allclose(np.append(check.coef_[0], check.intercept_), fits[-1], atol=1e-5), "liblinear disagrees"
    return np.array(fits)


def svm_optimum(x, sign, weights, c, w):
    """Newton's method on the squared hinge: exact once the rows with a margin below 1 stay the same."""
    for _ in range(1000):
        inside = sign * (x @ w) < 1
        pull = 2 * c * weights[inside]
        hessian = np.eye(x.shape[1]) + (x[inside] * pull[:, None]).T @ x[inside]
        found = np.linalg.solve(hessian, x[inside].T @ (pull * sign[inside]))
        if np.allclose(found, w, rtol=0, atol=1e-13):
            return found
        w = found
    raise RuntimeError("the margins do not settle")


def fit_svm(x, labels, classes, c, balanced):
    fits = []
    for k in positives_of(labels, classes):
        weights = problem_weights(labels, k, classes, balanced)
        model = LinearSVC(C=c, dual=False, tol=1e-10, max_iter=100000, fit_intercept=True, intercept_scaling=1)
        model.fit(x, labels == k, sample_weight=weights)
        judge = np.append(model.coef_[0], model.intercept_)
        fits.append(svm_optimum(with_bias(x), np.where(labels == k, 1.0, -1.0), weights, c, judge))
        assert np.allclose(judge, fits[-1], atol=1e-3), "liblinear disagrees"
    return np.array(fits)


def fit_multinomial(x, labels, c, balanced):
    model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-13, max_iter=10000,
                               class_weight="balanced" if balanced else None).fit(x, labels)
    check = LogisticRegression(C=c, solver="lbfgs", tol=1e-9, max_iter=100000,
                               class_weight="balanced" if balanced else None).fit(x, labels)
    assert np.allclose(check.predict_proba(x), model.predict_proba(x), atol=1e-5), "lbfgs disagrees"
    coef = np.hstack([model.coef_, model.intercept_[:, None]])
    return coef, model.predict_proba(x)


def ovr_probabilities(scores):
    p = expit(scores)
    return np.hstack([1 - p, p]) if p.shape[1] == 1 else p / p.sum(axis=1, keepdims=True)


def make_case(seed, name, rows, columns, classes, c, balanced, sparse):
    x, labels = make_rows(seed, rows, columns, classes, sparse)
    logreg = fit_logreg(x, labels, classes, c, balanced)
    svm = fit_svm(x, labels, classes, c, balanced)
    multinomial, probabilities = fit_multinomial(x, labels, c, balanced)
    return {
        "name": name, "rows": rows, "channels": columns, "classes": classes, "C": c, "balanced": balanced, "sparse": sparse,
        "x": x.ravel().tolist(), "labels": labels.tolist(),
        "logreg": logreg.ravel().tolist(),
        "logreg_probabilities": ovr_probabilities(with_bias(x) @ logreg.T)[:5].ravel().tolist(),
        "svm": svm.ravel().tolist(),
        "multinomial": multinomial.ravel().tolist(),
        "multinomial_probabilities": probabilities[:5].ravel().tolist(),
    }


def main():
    warnings.simplefilter("ignore")  # about reaching what double precision allows
    cases = [make_case(seed, *case) for seed, case in enumerate(CASES)]
    path = pathlib.Path(__file__).with_name("linear.json")
    path.write_text(json.dumps({"cases": cases}, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(path, path.stat().st_size, "bytes")


main()
