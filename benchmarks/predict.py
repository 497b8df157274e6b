"""Seconds to predict one sample and a million: ``python -m benchmarks.predict``.

Every package predicts with a network of the same shape, in the same process,
alternating, several times; the table shows medians. The input of scikit-learn is
float32; PyTorch, if installed, starts from a NumPy array and returns one.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from statistics import median

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks import results
from sklearn_bpnet import BPNetClassifier

N_FEATURES, HIDDEN = 20, (100,)
CASES = {"one row": (1, 2_000), "a million rows": (1_000_000, 1)}  # rows, calls


def contenders(X, y):
    """Return functions that predict the classes of some samples, by name."""
    found = {}
    for name, cls in {"bpnet": BPNetClassifier, "scikit-learn": MLPClassifier}.items():
        found[name] = cls(HIDDEN, max_iter=2, random_state=0).fit(X, y).predict
    if importlib.util.find_spec("torch"):
        import torch

        layers = torch.nn.Linear(N_FEATURES, *HIDDEN), torch.nn.Linear(*HIDDEN, 2)
        network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])

        def predict(rows):
            with torch.inference_mode():
                return network(torch.from_numpy(rows)).argmax(dim=1).numpy()

        found["PyTorch"] = predict
    return found


def main():
    """Print a table of seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    rng = np.random.default_rng(0)
    X = rng.random((1_000_000, N_FEATURES), dtype=np.float32)
    predicts = contenders(X[:2_000], X[:2_000, 0] > 0.5)
    found = {}
    print(f"{'seconds':16s} " + " ".join(f"{name:>14s}" for name in predicts))
    for case, (n_rows, n_calls) in CASES.items():
        times = {name: [] for name in predicts}
        for _ in range(arguments.repeats):
            for name, predict in predicts.items():
                start = time.perf_counter()
                for _ in range(n_calls):
                    predict(X[:n_rows])
                times[name].append((time.perf_counter() - start) / n_calls)
        found[case] = {name: median(values) for name, values in times.items()}
        print(f"{case:16s} " + " ".join(f"{t:14.6f}" for t in found[case].values()))
        for name in list(predicts)[1:]:
            print(
                f"  bpnet / {name:12s} {found[case]['bpnet'] / found[case][name]:6.2f}"
            )
    if arguments.save:
        results.save("predict", {"seconds": found})


if __name__ == "__main__":
    main()
