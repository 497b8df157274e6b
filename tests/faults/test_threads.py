"""Faults of threads: what a fit depends on, and what it leaves behind."""

import gc
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
from sklearn_bpnet._fit import ensemble, parallel

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
    X = rng.normal(size=(1250, 100))
    y = X[:, 0] + X[:, 1] * X[:, 2] > 0
    stop = threading.Event()

    def fit(_=None):
        with config_context(compiled=compiled):
            clf = BPNetClassifier(hidden, batch_size=200, max_iter=3, random_state=0)
            return weights(clf.fit(X, y))

    def be_busy():
        A = np.ones((100, 100))
        while not stop.is_set():
            A @ A
            sum(range(1000))

    expected = fit()
    busy = [threading.Thread(target=be_busy) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(fit, range(3)))
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


@pytest.mark.filterwarnings("ignore:Training interrupted by user")
def test_f25_an_interrupt_at_any_line_leaves_no_thread_limit_or_filter(iris):
    before, threads = blas_threads(), set(threading.enumerate())
    filters = list(warnings.filters)
    files = {ensemble.__file__, parallel.__file__}

    def fit():
        clf = BPNetClassifier((3,), n_members=3, n_jobs=2, max_iter=1, random_state=0)
        with parallel_config("threading"), config_context(compiled=False):
            clf.fit(*iris)

    n_lines = 0
    while interrupted_at(fit, n_lines + 1, files):
        n_lines += 1
        gc.collect()
        assert not threads_beside(threads)
        assert blas_threads() == before
        assert warnings.filters == filters
    assert n_lines > 50
