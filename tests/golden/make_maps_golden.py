"""Writes maps.json: what scikit-learn and umap-learn say about a small matrix that tests/test_maps.c makes by the same formula.

    python -m venv VENV && VENV/bin/pip install -r maps-requirements.txt && VENV/bin/python make_maps_golden.py

The matrix: 240 rows of 24 channels in four clusters of sizes 120, 60, 40, 20, from integer arithmetic alone, so that both sides have
the same float32 values.
"""
import json
import os

import numpy as np
import umap
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MinMaxScaler
from scipy.sparse.csgraph import connected_components
from umap.umap_ import find_ab_params, fuzzy_simplicial_set

ROWS, CHANNELS = 240, 24


def matrix():
    values = np.empty((ROWS, CHANNELS), np.float32)
    labels = np.empty(ROWS, np.int32)
    state = 12345
    for r in range(ROWS):
        cluster = 0 if r < 120 else 1 if r < 180 else 2 if r < 220 else 3
        labels[r] = cluster
        for c in range(CHANNELS):
            state = (state * 1103515245 + 12345) % 2147483648
            noise = (state >> 16) % 1000
            center = (cluster * 7 + c * 5 + cluster * c * 3) % 11
            values[r, c] = np.float32(center * 60 + noise) / np.float32(256)
    return values, labels


def quality(x, y, labels, metric, k):
    high = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(x).kneighbors(None, k, False)
    low = NearestNeighbors(n_neighbors=k).fit(y).kneighbors(None, k, False)
    return {
        "trustworthiness": trustworthiness(x, y, n_neighbors=k, metric=metric),
        "preserved": float(np.mean([len(set(a) & set(b)) / k for a, b in zip(high, low)])),
        "nearest_label": float((labels[low[:, 0]] == labels).mean()),
    }


def main():
    x, labels = matrix()
    out = {"versions": {"umap-learn": umap.__version__}, "rows": ROWS, "channels": CHANNELS, "sum": float(x.astype(np.float64).sum())}
    out["scaled_sum"] = float(MinMaxScaler().fit_transform(x.astype(np.float64)).sum())
    pca = PCA(n_components=3, svd_solver="full").fit(x.astype(np.float64))
    out["pca"] = {
        "variance": pca.explained_variance_.tolist(),
        "share": pca.explained_variance_ratio_.tolist(),
        "axes": pca.components_.ravel().tolist(),
        "first_rows": pca.transform(x[:4].astype(np.float64)).ravel().tolist(),
    }
    out["curves"] = [{"min_dist": d, "a": float(a), "b": float(b)} for d in (0.0, 0.1, 0.5, 0.99) for a, b in [find_ab_params(1.0, d)]]
    out["metrics"] = {}
    for metric in ("cosine", "euclidean"):
        nearest = NearestNeighbors(n_neighbors=15, metric=metric, algorithm="brute").fit(x.astype(np.float64))
        distances, ids = nearest.kneighbors(x.astype(np.float64))
        distances[ids == np.arange(ROWS)[:, None]] = 0  # a row is at no distance from itself, whatever rounding says
        graph, _, _, _ = fuzzy_simplicial_set(x, 15, np.random.RandomState(0), metric, knn_indices=ids.astype(np.int32),
                                              knn_dists=distances.astype(np.float32), return_dists=True)
        graph = graph.tocsr()
        parts = int(connected_components(graph)[0])
        root = np.sqrt(np.asarray(graph.sum(0)).ravel())
        modes = np.linalg.eigh(graph.toarray().astype(np.float64) / root[:, None] / root[None, :])
        slow = modes[1][:, [-2, -3]]
        slow *= np.sign(slow[np.abs(slow).argmax(0), [0, 1]])
        maps = [umap.UMAP(metric=metric, random_state=seed).fit_transform(x) for seed in range(10)]
        scores = [quality(x, y.astype(np.float64), labels, metric, 15) for y in maps]
        out["metrics"][metric] = {
            "ids": ids[:8, 1:].ravel().tolist(),
            "distances": [round(float(d), 9) for d in distances[:8, 1:].ravel()],
            "graph_edges": int((graph.data > 0).sum()),
            "graph_sum": float(graph.data.astype(np.float64).sum()),
            "graph_row_130": [[int(i), round(float(v), 6)] for i, v in sorted(zip(graph[130].indices, graph[130].data))],
            "parts": parts,
            "modes": slow[:16].T.ravel().tolist(),
            "umap": {name: float(np.mean([s[name] for s in scores])) for name in scores[0]},
        }
    places = pca.transform(x.astype(np.float64))[:, :2]
    out["pca_quality"] = {m: quality(x, places, labels, m, 15) for m in ("cosine", "euclidean")}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "maps.json"), "w") as file:
        json.dump(out, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
