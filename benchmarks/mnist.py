"""Test accuracy on MNIST: ``python -m benchmarks.mnist [MNIST.npz]``.

Raw uint8 pixels and default parameters, for one hidden layer of 100 units, of 800, and
of 800 with dropout. The file holds X_train, y_train, X_test and y_test, the canonical
split, pixels as uint8 (n, 784); it is ``mnist.npz`` in the folder that the environment
variable SKLEARN_BPNET_DATA names, unless given.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks import data as data_folder
from benchmarks import results
from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.options import Dropout

NETWORKS = {
    "100": {"hidden_layer_sizes": (100,)},
    "800": {"hidden_layer_sizes": (800,)},
    "800, dropout 0.5, of inputs 0.2": {
        "hidden_layer_sizes": (800,),
        "dropout": Dropout(0.5, input_rate=0.2),
    },
}


def main():
    """Print a line per network, with the accuracies of the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data_folder.add_file_argument(parser, "mnist.npz")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    with np.load(arguments.file) as data:
        X_train, y_train = data["X_train"], data["y_train"]
        X_test, y_test = data["X_test"], data["y_test"]
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = {}
    print(f"{'hidden units':32s} {'epochs':>6s} {'seconds':>8s}  accuracies")
    for name, parameters in NETWORKS.items():
        scores, start = [], time.perf_counter()
        for seed in range(arguments.seeds):
            clf = BPNetClassifier(random_state=seed, **parameters).fit(X_train, y_train)
            scores.append(clf.score(X_test, y_test))
        seconds = (time.perf_counter() - start) / arguments.seeds
        found[name] = {"accuracies": scores, "seconds": seconds}
        shown = " ".join(f"{score:.4f}" for score in scores)
        print(f"{name:32s} {clf.n_iter_:6d} {seconds:8.1f}  {shown}", flush=True)
    if arguments.save:
        results.save("mnist", found)


if __name__ == "__main__":
    main()
