"""Fits on a cluster of Dask of which a worker process is killed at a random moment.

Every fit has to end with the weights, bit for bit, of a fit that nothing disturbs:
``python -m benchmarks.dask_kills --kills 10 --seed 0``.
"""

import argparse
import os
import signal
import threading
import time
import warnings
from contextlib import contextmanager

import numpy as np

from sklearn_bpnet.dask import DaskBPNetClassifier

COMMON = {"hidden_layer_sizes": (16,), "random_state": 0, "tol": 0.0}
BATCHES = {"solver": "adam", "batch_size": 500, "max_iter": 8}
FITS = {
    "full batch": {"solver": "lbfgs", "max_iter": 40},
    "full batch, 2 members": {"solver": "lbfgs", "max_iter": 20, "n_members": 2},
    "mini-batches, dropout, stops early": {
        **BATCHES,
        "dropout": 0.1,
        "early_stopping": True,
    },
    "mini-batches, 2 members": {**BATCHES, "max_iter": 4, "n_members": 2},
    "local steps": {**BATCHES, "local_steps": 4, "max_iter": 30},
}


def kill_one(client, rng, seconds, killed):
    """After some time, kill a worker's process; its nanny starts another."""
    time.sleep(seconds)
    pids = client.run(os.getpid)
    address = sorted(pids)[rng.integers(len(pids))]
    os.kill(pids[address], signal.SIGKILL)
    killed.append(address)


@contextmanager
def a_kill(client, rng, seconds):
    """A block during which a worker may be killed."""
    killed = []
    thread = threading.Thread(target=kill_one, args=(client, rng, seconds, killed))
    thread.start()
    yield killed
    n_killed = len(killed)
    thread.join()
    del killed[n_killed:]  # after the block


def weights_of(clf):
    """All weights, in one vector."""
    networks = getattr(clf, "estimators_", [clf])
    parts = [p for net in networks for p in (*net.coefs_, *net.intercepts_)]
    return np.concatenate([part.ravel() for part in parts])


def table():
    """A Dask array in partitions of different sizes, its classes, validation data."""
    import dask.array as da

    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 10))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    chunks = (1500, 1000, 2000, 700)
    n = sum(chunks)
    dX, dy = da.from_array(X[:n], chunks=(chunks, 10)), da.from_array(y[:n], chunks)
    return dX, dy, {"X_val": X[n:], "y_val": y[n:]}


def main():
    """Fit, kill, compare."""
    import dask
    from distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="per kind of fit")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    # after which a LocalCluster gives up a worker that has not started again
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"})
    rng = np.random.default_rng(args.seed)
    n_wrong = n_kills = 0
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1",
            dashboard_address=None, silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        dX, dy, validation = table()
        for name, parameters in FITS.items():
            clf = DaskBPNetClassifier(**COMMON, **parameters)
            clf.fit(dX, dy, **validation)  # workers import what it needs
            start = time.perf_counter()
            expected = weights_of(clf.fit(dX, dy, **validation))
            usual = time.perf_counter() - start
            print(f"{name}: {usual:.2f} s undisturbed", flush=True)
            for _ in range(args.kills):
                # one is enough, but there has to be another one to kill
                while len(client.scheduler_info(n_workers=-1)["workers"]) < 2:
                    time.sleep(0.1)
                seconds = rng.uniform(0, usual)
                start = time.perf_counter()
                with a_kill(client, rng, seconds) as killed:
                    clf.fit(dX, dy, **validation)
                    took = time.perf_counter() - start
                is_same = np.array_equal(weights_of(clf), expected)
                n_kills += len(killed)
                n_wrong += not is_same
                print(
                    f"  killed after {seconds:.2f} s"
                    f"{'' if killed else ', too late'}: {took:.2f} s, "
                    f"{'same weights' if is_same else 'OTHER WEIGHTS'}",
                    flush=True,
                )
    print(f"{n_kills} kills during fits, {n_wrong} with other weights")


if __name__ == "__main__":
    main()
