"""Peak memory of fit and predict: ``python -m benchmarks.memory``.

Every case runs in a separate process, which reports the increase of its peak memory
during the call, in megabytes (10**6 bytes). If Numba is installed, loading it and the
compiled epoch, once per process, is a separate case; in the other cases they are loaded
beforehand.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks import results
from sklearn_bpnet import BPNetClassifier, BPNetRegressor


def _memory_map(folder, shape, dtype):
    """Return random integers below 256 on disk, written and mapped in chunks."""
    path = Path(folder) / "X.npy"
    X = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    rng = np.random.default_rng(0)
    for start in range(0, shape[0], 10_000):
        stop = min(start + 10_000, shape[0])
        X[start:stop] = rng.integers(0, 256, (stop - start, shape[1]))
    del X
    return np.load(path, mmap_mode="r")


def fit_digits(folder):
    """60,000 x 784 uint8 memory map, 100 hidden units, one epoch."""
    X = _memory_map(folder, (60_000, 784), np.uint8)
    y = np.arange(60_000) % 10
    clf = BPNetClassifier((100,), max_iter=1)
    return lambda: clf.fit(X, y)


def fit_digits_scikit_learn(folder):
    """The same with scikit-learn's MLPClassifier."""
    X = _memory_map(folder, (60_000, 784), np.uint8)
    y = np.arange(60_000) % 10
    clf = MLPClassifier((100,), max_iter=1)
    return lambda: clf.fit(X, y)


def fit_sparse(folder):
    """20,000 x 50,000 CSR, 0.1 % non-zeros, 32 hidden units, one epoch."""
    X = sparse.random_array(
        (20_000, 50_000), density=0.001, format="csr", dtype=np.float32, rng=0
    )
    y = np.arange(20_000) % 2
    clf = BPNetClassifier((32,), max_iter=1)
    return lambda: clf.fit(X, y)


def predict_million(folder):
    """1,000,000 x 100 float32 through (512, 512); the output takes 8 MB."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000, 100)).astype(np.float32)
    reg = BPNetRegressor((512, 512), max_iter=1).fit(X, X[:, 0])
    X = rng.random((1_000_000, 100), dtype=np.float32)
    reg.predict(X[:1])
    return lambda: reg.predict(X)


def load_numba(folder):
    """Loading Numba and the compiled epoch, once per process."""
    return _fit_compiled


def _fit_compiled():
    X, y = np.zeros((250, 4), np.uint8), np.arange(250) % 10
    BPNetClassifier((2,), batch_size=2, max_iter=1).fit(X, y)


CASES = [fit_digits, fit_digits_scikit_learn, fit_sparse, predict_million]
HAS_NUMBA = importlib.util.find_spec("numba") is not None
if HAS_NUMBA:
    CASES.append(load_numba)


def report(case):
    """Return the increase of peak memory during the case, in megabytes."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    if HAS_NUMBA and case is not load_numba:
        _fit_compiled()
    with tempfile.TemporaryDirectory() as folder:
        call = case(folder)
        status = Path("/proc/self/status")
        if status.exists():  # the current memory; the peak so far may be higher
            line = next(x for x in status.read_text().splitlines() if "VmRSS" in x)
            before = int(line.split()[1])
            Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        else:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        call()
        if status.exists():
            line = next(x for x in status.read_text().splitlines() if "VmHWM" in x)
            peak = int(line.split()[1])
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak - before) * 1024 / 1e6


def main():
    """Run every case, or the named one in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="?", choices=[case.__name__ for case in CASES])
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    found = {}
    for case in CASES:
        if arguments.case is None:
            command = [sys.executable, "-m", "benchmarks.memory", case.__name__]
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True
            )
            print(done.stdout, end="", flush=True)
            found[_name(case)] = float(done.stdout.split()[0])
        elif case.__name__ == arguments.case:
            print(f"{report(case):8.1f} MB  {_name(case)}")
    if arguments.save:
        results.save("memory", {"megabytes": found})


def _name(case):
    return case.__doc__.splitlines()[0]


if __name__ == "__main__":
    main()
