"""How often XOR is learned: ``python -m benchmarks.xor``.

The number of seeds, of 100, for which a network with 8 rectifiers reproduces all four
samples of the truth table, by solver and parameters.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import BPNetClassifier

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([0, 1, 1, 0])

VARIANTS = {
    "L-BFGS": {"solver": "lbfgs"},
    "L-BFGS, input_scaling=None": {"solver": "lbfgs", "input_scaling": None},
    "Adam (the default)": {},
    "Adam, input_scaling=None": {"input_scaling": None},
    "Adam, max_iter=500": {"max_iter": 500},
    "Adam, 100 rectifiers": {"hidden_layer_sizes": (100,)},
}


def n_solved(n_seeds, **parameters):
    """For how many seeds all four samples are classified correctly."""
    parameters = {"hidden_layer_sizes": (8,)} | parameters
    return sum(
        np.array_equal(
            BPNetClassifier(random_state=seed, **parameters).fit(X, Y).predict(X), Y
        )
        for seed in range(n_seeds)
    )


def main():
    """Print a line per variant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name, parameters in VARIANTS.items():
        print(f"{name:28s} {n_solved(arguments.seeds, **parameters):4d}", flush=True)


if __name__ == "__main__":
    main()
