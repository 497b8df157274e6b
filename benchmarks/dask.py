"""Training on one and on two workers of Dask: seconds per step, bytes, accuracy.

    python -m benchmarks.dask --help

Both clusters have worker processes of one thread each on this machine. Their fits take
turns, and medians are compared, as other programs disturb them.
``benchmarks.dask_model`` makes of the seconds what more workers would take.
"""

import argparse
import os
import warnings
from contextlib import ExitStack
from statistics import median

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from benchmarks import results
from benchmarks.dask_model import Cost, Step, formula, simulate
from benchmarks.data import FOLDER
from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.dask import DaskBPNetClassifier, DaskBPNetRegressor
from sklearn_bpnet.dask._rounds import Rounds

BANDWIDTH = 1.25e9  # bytes per second between machines, 10 Gbit/s, assumed


def table(client, n, d, n_partitions):
    """Return samples that are on the workers, and their targets."""
    import dask.array as da
    from distributed import wait

    rows = -(-n // n_partitions)
    X = client.persist(da.random.default_rng(0).random((n, d), chunks=(rows, d)))
    y = client.persist(X[:, 0])
    wait([X, y])
    return X, y


def cpu_seconds(client):
    """Return the CPU seconds of every worker so far."""
    return client.run(lambda: sum(os.times()[:2]))


def seconds_per_step(client, data, n_units, batch_size=None, epochs=10):
    """Return the median seconds of a step, of the epochs after the first one."""
    X, y = data
    p = {"hidden_layer_sizes": (n_units,), "tol": 0, "random_state": 0}
    p |= {"max_iter": epochs, "input_scaling": "standard", "numeric_embedding": None}
    if batch_size is None:
        p["solver"] = "lbfgs"  # an iteration is an evaluation, but for a few
    else:
        p["batch_size"] = batch_size
    reg = DaskBPNetRegressor(**p, client=client).fit(X, y)
    n_steps = 1 if batch_size is None else -(-len(X) // min(batch_size, len(X)))
    return median(reg.history_["seconds"][1:]) / n_steps


def bytes_so_far(client):
    """Return what workers sent so far, and what the scheduler sent them.

    Dask counts the results of tasks that workers send each other and the scheduler, and
    the stream of tasks to the workers. It does not count calls of workers.
    """

    def outgoing(dask_worker):
        return dask_worker.transfer_outgoing_bytes_total

    def sent(dask_scheduler):
        return sum(of.byte_count for of in dask_scheduler.stream_comms.values())

    return sum(client.run(outgoing).values()) + client.run_on_scheduler(sent)


def bytes_per_round(client, n_partitions):
    """Return the bytes of a full-batch evaluation, over 2 x parameters x workers."""
    data, n_units = table(client, 20_000, 200, n_partitions), 200
    evaluate, moved = Rounds.gradient, []

    def observed(self, *arguments):
        found = evaluate(self, *arguments)
        moved.append(bytes_so_far(client))
        return found

    Rounds.gradient = observed
    try:
        seconds_per_step(client, data, n_units, epochs=20)
    finally:
        Rounds.gradient = evaluate
    per_round = (moved[-1] - moved[4]) / (len(moved) - 5)  # once all is in its place
    n_parameters = (200 + 2) * n_units + 1
    return per_round / (2 * 8 * n_parameters * len(client.nthreads()))


def measured_costs(clients, n_repeats):
    """Return the constants of the formula, from steps without work."""
    rounds = {1: [], 8: []}
    calls = {1: [], 2: []}
    for _ in range(n_repeats):
        for per_worker, found in rounds.items():
            data = table(clients[2], 400, 2, 2 * per_worker)
            found.append(seconds_per_step(clients[2], data, 2, epochs=25))
        for n_workers, found in calls.items():
            data = table(clients[n_workers], 400, 2, n_workers)
            found.append(seconds_per_step(clients[n_workers], data, 2, 100, 8))
    # what is least disturbed by other programs
    few, many = (float(min(found)) for found in rounds.values())
    one, two = (float(min(found)) for found in calls.values())
    task = max(many - few, 0) / 14
    worker = min(max(two - one, 0.0), one)
    return Cost(max(few - 2 * task, 0.0), task, one - worker, worker, BANDWIDTH)


# samples, features, hidden units, batch size (None: all), bytes of a number
STEPS = {
    "full batch": (200_000, 200, 64, None, 8),
    "batches of 200": (20_000, 50, 64, 200, 4),
    "batches of 10,000": (100_000, 200, 64, 10_000, 4),
    "batches of 10,000, wide": (50_000, 200, 2000, 10_000, 4),
}


def measured_steps(clients, cost, names, n_repeats):
    """Return the steps, with the seconds that they take on one and two workers."""
    found = {}
    for name in names:
        n, d, n_units, batch_size, itemsize = STEPS[name]
        seconds, cpu = {1: [], 2: []}, {1: [], 2: []}
        tables = {w: table(clients[w], n, d, w) for w in seconds}
        for _ in range(n_repeats):
            for n_workers, of_workers in seconds.items():
                client = clients[n_workers]
                before = cpu_seconds(client)
                args = client, tables[n_workers], n_units, batch_size
                of_workers.append(seconds_per_step(*args, epochs=5))
                after = cpu_seconds(client)
                cpu[n_workers].append(max(after[w] - before[w] for w in after))
        medians = {w: median(of) for w, of in seconds.items()}
        n_bytes = itemsize * ((d + 2) * n_units + 1)
        samples, is_full = batch_size or n, batch_size is None
        step = Step(samples, 0.0, n_bytes, is_full)
        # this machine's memory is its network
        here = Cost(**vars(cost) | {"bandwidth": 5e9})
        per_sample = max(medians[1] - formula(step, here, 1), 0) / samples
        step = Step(samples, per_sample, n_bytes, is_full)
        of_cpu = {w: median(of) for w, of in cpu.items()}
        found[name] = {"step": vars(step), "seconds": medians, "cpu": of_cpu}
        ratio = medians[2] / medians[1]
        print(
            f"{name}: {medians[1]:.4f} s on one worker, {medians[2]:.4f} s on two, "
            f"ratio {ratio:.2f}, of the CPU seconds of the busier worker "
            f"{of_cpu[2] / of_cpu[1]:.2f}; of two by the formula "
            f"{formula(step, here, 2):.4f} s, simulated {simulate(step, here, 2):.4f} s"
        )
    return found


def accuracies(client):
    """Return the accuracy of mini-batches on one machine and on the cluster."""
    import dask.array as da

    found = {}
    for name, (X, y) in _tables():
        X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
        p = {"hidden_layer_sizes": (64,), "max_iter": 20, "batch_size": 128}
        scores = {"one machine": [], "cluster": []}
        for seed in range(3):
            of_seed = p | {"random_state": seed}
            local = BPNetClassifier(**of_seed).fit(X, y)
            scores["one machine"].append(local.score(X_test, y_test))
            rows = -(-len(X) // 3)
            lazy = da.from_array(X, chunks=(rows, -1)), da.from_array(y, chunks=rows)
            spread = DaskBPNetClassifier(**of_seed, client=client).fit(*lazy)
            scores["cluster"].append(spread.score(X_test, y_test))
        found[name] = {how: float(np.mean(of)) for how, of in scores.items()}
        print(name, {how: round(mean, 4) for how, mean in found[name].items()})
    return found


def _tables():
    """Yield names, and features and classes in numbers."""
    yield "digits", load_digits(return_X_y=True)
    if FOLDER is None or not (FOLDER / "adult.csv.gz").exists():
        return
    import pandas as pd

    frame = pd.read_csv(FOLDER / "adult.csv.gz").sample(12_000, random_state=0)
    y = frame.pop("target").to_numpy()
    yield "adult", (pd.get_dummies(frame, dtype=float).to_numpy(), y)


def main():
    """Measure, and print."""
    from distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["steps", "bytes", "accuracy"])
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=list(STEPS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = results.load("dask") or {}
    found.pop("with", None)
    with ExitStack() as stack:
        clients = {}
        for n_workers in (1, 2):
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=n_workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                )
            )
            clients[n_workers] = stack.enter_context(Client(cluster))
        if arguments.only in (None, "steps"):
            cost = measured_costs(clients, arguments.repeats)
            print(cost)
            steps = measured_steps(clients, cost, arguments.steps, arguments.repeats)
            found |= {"cost": vars(cost), "steps": steps}
        if arguments.only in (None, "bytes"):
            found["bytes"] = {n: bytes_per_round(clients[2], n) for n in (2, 4, 8)}
            print("bytes per round / (2 x parameters x workers):", found["bytes"])
        if arguments.only in (None, "accuracy"):
            found["accuracy"] = accuracies(clients[2])
    if arguments.save:
        results.save("dask", found)


if __name__ == "__main__":
    main()
