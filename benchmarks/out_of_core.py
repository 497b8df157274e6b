"""Training on a file larger than memory: ``python -m benchmarks.out_of_core``.

A memory map is written to a temporary folder, and deleted in the end. One process
trains on the map, another one on an array of the same numbers; both report the increase
of their peak memory during ``fit`` and the samples per second, epochs times samples
over the duration of ``fit``. The compiled code is loaded beforehand.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning

from benchmarks import results
from sklearn_bpnet import BPNetClassifier

N_FEATURES = 500
KINDS = ["file", "array"]
NETWORKS = {"128, 64": (128, 64), "16": (16,)}


def write(path, megabytes):
    """Write normal numbers with two classes, in parts; return the number of samples."""
    n = int(megabytes * 1e6) // (4 * N_FEATURES)
    X = np.lib.format.open_memmap(path, "w+", np.float32, (n, N_FEATURES))
    rng = np.random.default_rng(0)
    for start in range(0, n, 20_000):
        part = X[start : start + 20_000]
        rng.standard_normal(out=(numbers := np.empty_like(part)), dtype=np.float32)
        part[...] = numbers
    X.flush()
    return n


def classes(X):
    """Classes that no hyperplane separates, from the first columns."""
    first = np.asarray(X[:, :4], dtype=np.float64)
    return (first[:, 0] * first[:, 1] + first[:, 2] > 0).astype(np.int8)


def _status(name):
    """An entry of the status of this process, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(x for x in lines if name in x).split()[1]) * 1024 / 1e6


def train(path, kind, network, epochs):
    """Train in this process; print what it took."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    y = np.load(path.with_name("y.npy"))
    X = np.load(path, mmap_mode="r" if kind == "file" else None)
    few = np.array(X[:60_000])
    layers = NETWORKS[network]
    estimator = BPNetClassifier(layers, batch_size=256, random_state=0)
    estimator.set_params(max_iter=1).fit(few, y[: len(few)])
    if kind == "file":  # what is mapped counts
        del X
        X = np.load(path, mmap_mode="r")
    del few
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    start = time.perf_counter()
    estimator.set_params(max_iter=epochs).fit(X, y)
    seconds = time.perf_counter() - start
    found = {
        "megabytes": _status("VmHWM") - before,
        "rate": epochs * len(X) / seconds,
        "epoch_rate": len(X) / float(np.median(estimator.history_["seconds"])),
        "accuracy": estimator.score(X[-20_000:], y[-20_000:]),
    }
    print(json.dumps(found))


def compare(megabytes, epochs, working_memory):
    """Train on a file and on an array in two processes; return both results."""
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e6
    if free < 1.5 * megabytes:
        raise SystemExit(f"{megabytes} MB are needed on disk; {free:.0f} are free.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npy"
        write(path, megabytes)
        np.save(path.with_name("y.npy"), classes(np.load(path, mmap_mode="r")))
        found = {}
        for network, kind in product(NETWORKS, KINDS):
            command = [sys.executable, "-m", "benchmarks.out_of_core"]
            command += ["--epochs", str(epochs), "--train", str(path), kind, network]
            command += ["--working-memory", str(working_memory)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            of_kind = json.loads(done.stdout.splitlines()[-1])
            found.setdefault(network, {})[kind] = of_kind
            print(network, kind, {k: round(x, 3) for k, x in of_kind.items()})
    return found


def main():
    """Compare, or train in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=4000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--working-memory", type=float, default=1024)
    parser.add_argument("--train", nargs=3, metavar=("FILE", "KIND", "NETWORK"))
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    sklearn.set_config(working_memory=arguments.working_memory)
    if arguments.train:
        path, kind, network = arguments.train
        train(Path(path), kind, network, arguments.epochs)
        return
    found = compare(arguments.megabytes, arguments.epochs, arguments.working_memory)
    for network, of_network in found.items():
        ratio = of_network["file"]["rate"] / of_network["array"]["rate"]
        print(f"{network}: ratio of the rates {ratio:.2f}")
    if arguments.save:
        results.save("out_of_core", {"networks": found})


if __name__ == "__main__":
    main()
