"""Seconds per step of training on a cluster: a formula, and a simulation of messages.

``python -m benchmarks.dask_model`` prints both for up to 64 workers, with the constants
that ``python -m benchmarks.dask --save`` has measured.
"""

import argparse
from dataclasses import dataclass, replace
from math import log2

from benchmarks import results

WORKERS = (1, 2, 4, 8, 16, 32, 64)
FAN_IN = 4  # partial gradients that a task adds


@dataclass(frozen=True)
class Cost:
    """What a cluster costs.

    Parameters
    ----------
    round : float
        Seconds of a round of tasks without any work.
    task : float
        Seconds of the scheduler per task.
    call : float
        Seconds of a step of mini-batches without any work.
    worker : float
        Seconds of such a step per worker.
    bandwidth : float
        Bytes per second of the network.
    """

    round: float
    task: float
    call: float
    worker: float
    bandwidth: float


@dataclass(frozen=True)
class Step:
    """What a step computes.

    Parameters
    ----------
    samples : int
        Samples of a step, all of them in full-batch training.
    per_sample : float
        Seconds of arithmetic per sample on one worker.
    n_bytes : float
        Of theta, and of a gradient.
    is_full_batch : bool
        Whether it is an evaluation of full-batch training, by tasks.
    per_worker : int, default=1
        Partitions per worker.
    """

    samples: int
    per_sample: float
    n_bytes: float
    is_full_batch: bool
    per_worker: int = 1


def formula(step, cost, n_workers):
    """Return the seconds of a step by the formula of the guide."""
    work = step.samples * step.per_sample / n_workers
    sent = step.n_bytes / cost.bandwidth
    if not step.is_full_batch:
        return cost.call + sent + n_workers * (cost.worker + 3 * sent) + work
    tasks = n_workers * step.per_worker * cost.task
    return cost.round + tasks + work + 2 * log2(2 * n_workers) * sent


class Link:
    """What serves one after the other: a processor, or one way of a network."""

    def __init__(self):
        self.is_free_at = 0.0

    def take(self, begin, seconds):
        """Return the end of something that takes some seconds, from a time on."""
        self.is_free_at = max(begin, self.is_free_at) + seconds
        return self.is_free_at


def simulate(step, cost, n_workers):
    """Return the seconds of a step whose messages and tasks are followed one by one."""
    run = _full_batch if step.is_full_batch else _mini_batch
    return run(step, cost, n_workers)


def _mini_batch(step, cost, n_workers):
    """The scheduler sends theta to the workers in turn, and receives their sums."""
    sent = step.n_bytes / cost.bandwidth
    work = step.samples * step.per_sample / n_workers
    scheduler, out, back = Link(), Link(), Link()
    begin = sent + cost.call / 2  # from the client
    ends = []
    for _ in range(n_workers):
        told = scheduler.take(begin, cost.worker)
        ends.append(out.take(told, sent) + work)
    received = [back.take(end, sent) for end in sorted(ends)]
    return received[-1] + n_workers * sent + cost.call / 2


def _full_batch(step, cost, n_workers):
    """Tasks become ready one after the other; workers pass on theta, and add."""
    sent = step.n_bytes / cost.bandwidth
    n_partitions = n_workers * step.per_worker
    work = step.samples * step.per_sample / n_partitions
    scheduler, workers = Link(), [Link() for _ in range(n_workers)]
    out, into = ([Link() for _ in range(n_workers)] for _ in range(2))

    def moved(source, target, begin):
        if source == target:
            return begin
        end = out[source].take(begin, sent)
        return into[target].take(end - sent, sent)

    has_theta = {0: cost.round / 2 + 2 * sent}  # by way of the scheduler
    partials = []  # worker and time of each
    for i in range(n_partitions):
        worker = i // step.per_worker
        ready = scheduler.take(min(has_theta.values()), cost.task)
        if worker not in has_theta:
            source = min(has_theta, key=lambda j: max(has_theta[j], out[j].is_free_at))
            has_theta[worker] = moved(source, worker, max(ready, has_theta[source]))
        begin = max(ready, has_theta[worker])
        partials.append((worker, workers[worker].take(begin, work)))
    while len(partials) > 1:
        groups = [partials[i : i + FAN_IN] for i in range(0, len(partials), FAN_IN)]
        partials = []
        for group in groups:
            target = group[0][0]
            ready = scheduler.take(max(end for _, end in group), cost.task)
            ends = [moved(worker, target, ready) for worker, _ in group]
            partials.append((target, max(ends)))
    return partials[0][1] + 2 * sent + cost.round / 2


def pays_until(step, cost, most=64):
    """Return the number of workers with which a step is shortest, by the formula."""
    return min(range(1, most + 1), key=lambda n: formula(step, cost, n))


def steps_of(found):
    """Return the steps that are tabulated, by name, from what was measured."""
    of = found["steps"]
    return {name: Step(**row["step"]) for name, row in of.items()}


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bandwidth", type=float, help="bytes per second")
    arguments = parser.parse_args()
    found = results.load("dask")
    if found is None:
        raise SystemExit("Run python -m benchmarks.dask --save first.")
    cost = Cost(**found["cost"])
    if arguments.bandwidth:
        cost = replace(cost, bandwidth=arguments.bandwidth)
    print(f"{'workers':40}" + "".join(f"{n:>9}" for n in WORKERS))
    for name, step in steps_of(found).items():
        for how in (formula, simulate):
            cells = "".join(f"{how(step, cost, n):9.4f}" for n in WORKERS)
            print(f"{name + ', ' + how.__name__:40}{cells}")
        print(f"{'':40}shortest with {pays_until(step, cost)} workers")


if __name__ == "__main__":
    main()
