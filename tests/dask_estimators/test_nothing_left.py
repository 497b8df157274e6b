"""After a fit, an error or Ctrl-C nothing of it is left on the cluster or here."""

import _thread
import gc
import os
import threading
import time
import warnings

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

from sklearn_bpnet.dask import DaskBPNetClassifier  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

P = {"hidden_layer_sizes": (4,), "random_state": 0, "solver": "lbfgs", "max_iter": 3}


def table():
    X = np.random.default_rng(0).normal(size=(120, 4))
    chunks = ((50, 70),)
    return da.from_array(X, (*chunks, (4,))), da.from_array(X[:, 0] > 0, chunks)


def of_cluster(dask_scheduler):
    """Tasks, and bytes in the workers' memory."""
    tasks = [str(k) for k, ts in dask_scheduler.tasks.items() if ts.state != "released"]
    held = sum(worker.nbytes for worker in dask_scheduler.workers.values())
    return tasks, held


def wait_until_clear(client):
    for _ in range(200):
        tasks, held = client.run_on_scheduler(of_cluster)
        if not tasks and not held:
            return
        time.sleep(0.02)
    assert (tasks, held) == ([], 0)


def threads_here():
    """All threads but those that Dask keeps for its own use."""
    return {t for t in threading.enumerate() if not t.name.startswith("Dask-")}


def files_of_workers(client):
    def walk(dask_worker):
        folder = dask_worker.local_directory
        return [name for _, _, names in os.walk(folder) for name in names]

    return client.run(walk)


def test_after_a_fit_and_after_an_error(client):
    client.wait_for_workers(2, timeout=60)  # another test may have killed one
    X, y = table()
    gc.collect()
    wait_until_clear(client)
    threads, files = threads_here(), files_of_workers(client)
    est = DaskBPNetClassifier(**P).fit(X, y)
    wait_until_clear(client)
    bad = da.where(X > 2, np.inf, X)
    with pytest.raises(ValueError, match="infinity") as kept:
        est.fit(bad, y)
    wait_until_clear(client)  # although the traceback is alive
    assert kept.tb is not None
    assert threads_here() <= threads
    assert files_of_workers(client) == files
    assert est.coefs_[0].shape == (4, 4)  # of the fit before


@pytest.mark.parametrize("when", ["bpnet-survey", "bpnet-gradient"])
def test_an_interrupt_cancels_the_tasks_and_releases_memory(client, when):
    X, y = table()
    wait_until_clear(client)
    threads = threads_here()
    slow = X.map_blocks(slowly, dtype=float) if when == "bpnet-survey" else X
    p = P | {"max_iter": 10_000, "tol": 0}
    timer = threading.Thread(target=interrupt_at, args=(client, when))
    timer.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an interrupted training is a result
        try:
            DaskBPNetClassifier(**p).fit(slow, y)
        except KeyboardInterrupt as error:
            kept = error  # with its traceback
            assert kept.__traceback__ is not None
    timer.join()
    wait_until_clear(client)
    assert threads_here() <= threads


def slowly(block):
    time.sleep(0.2)
    return block


def interrupt_at(client, when):
    """Raise KeyboardInterrupt in the main thread while such tasks are known."""

    def seen(dask_scheduler):
        return any(when in str(key) for key in dask_scheduler.tasks)

    for _ in range(1000):
        if client.run_on_scheduler(seen):
            break
        time.sleep(0.005)
    time.sleep(0.1)
    _thread.interrupt_main()
