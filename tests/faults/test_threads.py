"""Faults of threads: what a fit depends on, and what it leaves behind."""

import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import parallel_config
from threadpoolctl import threadpool_info

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet._fit import parallel
from sklearn_bpnet._fit.parallel import ParallelCalls

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def blas_threads():
    return [
        lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"
    ]


# F11: bits depend on seed, data, versions and the configured number of threads


def weights(model):
    return [W.copy() for W in (*model.coefs_, *model.intercepts_)]


@pytest.mark.parametrize("compiled", [False, True], ids=["numpy", "compiled"])
@pytest.mark.parametrize("hidden", [(20,), (256, 256)], ids=["small", "shared"])
def test_f11_the_same_bits_on_a_busy_machine_and_in_worker_threads(
    compiled, hidden, rng
):
    X = rng.normal(size=(450, 100))
    y = X[:, 0] + X[:, 1] * X[:, 2] > 0
    stop = threading.Event()

    def fit(_=None):
        with config_context(compiled=compiled):
            clf = BPNetClassifier(hidden, batch_size=200, max_iter=2, random_state=0)
            return weights(clf.fit(X, y))

    def be_busy():
        A = np.ones((100, 100))
        while not stop.is_set():
            A @ A
            sum(range(1000))

    expected = fit()
    busy = [threading.Thread(target=be_busy) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(fit, range(2)))
        for thread in busy:
            thread.start()
        try:
            results += [fit(), *pool.map(fit, range(2))]
        finally:
            stop.set()
            for thread in busy:
                thread.join()
    for result in results:
        for ours, theirs in zip(result, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


# F19, F25: interrupts of an ensemble in threads


def threads_beside(before):
    """The threads that were not there before, once those that end have ended."""
    deadline = time.monotonic() + 120
    while (now := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.005)
    return now


@pytest.mark.parametrize("n_passes", [1, 5, 20])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_f19_ctrl_c_in_an_ensemble_leaves_no_limit_of_blas(
    estimator, n_jobs, n_passes, interrupt, iris
):
    before, threads = blas_threads(), set(threading.enumerate())
    model = estimator((5,), n_members=4, n_jobs=n_jobs, max_iter=20, random_state=0)
    interrupt(n_passes)
    with (
        parallel_config("threading"),
        config_context(compiled=False),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            model.fit(*iris)
        except KeyboardInterrupt:
            assert not hasattr(model, "estimators_")
    assert not threads_beside(threads)
    assert blas_threads() == before


def interrupted_at(function, at, files):
    """Press Ctrl-C at the at-th line of some files; whether there is one."""
    n_lines = 0

    def trace(frame, event, argument):
        nonlocal n_lines
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            n_lines += 1
            if n_lines == at:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return n_lines >= at


def wait_a_moment(cancellation, result):
    """A call that ends later, or with the next look at the flag, as training does."""
    for _ in range(5):
        if cancellation.is_set:
            break
        time.sleep(0.001)
    return result


def test_f25_an_interrupt_at_any_line_ends_the_calls_in_threads():
    threads, n_lines = set(threading.enumerate()), 0

    def run():
        calls = ParallelCalls(2, "threads")
        with calls, calls:
            results = calls.run(
                wait_a_moment, [(calls.cancellation, i) for i in range(5)]
            )
            assert list(results) == list(range(5))

    while interrupted_at(run, n_lines + 1, {parallel.__file__}):
        n_lines += 1
        assert not threads_beside(threads)
    assert n_lines > 30
