"""Faults of threads: what a fit depends on, and what it leaves behind."""

import faulthandler
import os
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from training.threads import blas_threads, run_interrupted

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet._fit import parallel
from sklearn_bpnet._fit.parallel import ParallelCalls
from sklearn_bpnet.net.cached import cached_property

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes")


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


# F18: locks that another thread holds while a process is forked


def status_of_child(function):
    """Whether a function ends in a forked process, and is true there."""
    child = os.fork()
    if child == 0:
        is_right = False
        try:
            # what waits for ever is ended
            faulthandler.dump_traceback_later(300, exit=True)
            is_right = function()
        finally:
            os._exit(0 if is_right else 1)
    return os.waitpid(child, 0)[1]


@contextmanager
def in_another_thread(context):
    """Another thread is inside of a context."""
    entered, leave = threading.Event(), threading.Event()

    def work():
        with context:
            entered.set()
            leave.wait()

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    try:
        yield
    finally:
        leave.set()
        thread.join()


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # to fork beside threads
def test_f18_a_child_computes_cached_properties_that_another_thread_was_computing():
    inside = []

    class Slow:
        @cached_property
        def value(self):
            return inside[0]() if inside else 1

    entered, leave = threading.Event(), threading.Event()

    def wait():
        entered.set()
        leave.wait()
        return 2

    inside.append(wait)
    slow = Slow()
    thread = threading.Thread(target=lambda: slow.value)
    thread.start()
    entered.wait()
    inside.clear()
    status = status_of_child(lambda: Slow().value == 1)
    leave.set()
    thread.join()
    assert status == 0
    assert slow.value == 2


def test_f18_cached_properties_are_those_without_a_lock():
    files = Path(sklearn_bpnet.__file__).parent.rglob("*.py")
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    found = [name for name in texts if "functools import cached_prop" in texts[name]]
    assert not found


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # to fork beside threads
def test_f18_a_child_does_not_wait_for_the_lock_of_the_compiler(iris):
    ffi = pytest.importorskip("llvmlite.binding.ffi")

    def fit():
        with config_context(compiled=True):
            return weights(BPNetClassifier((5,), max_iter=2, random_state=0).fit(*iris))

    def is_the_same():
        return all((W == V).all() for W, V in zip(fit(), expected, strict=True))

    expected = fit()
    with in_another_thread(ffi.lib._lock):
        assert status_of_child(is_the_same) == 0


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

    while run_interrupted(run, n_lines + 1, {parallel.__file__}, KeyboardInterrupt):
        n_lines += 1
        assert not threads_beside(threads)
    assert n_lines > 30
