import os
import threading
import time
import warnings
from threading import Barrier, Thread

import numpy as np
import pytest

from sklearn_bpnet.training import blas_threads as blas
from sklearn_bpnet.training.stochastic import thread_pool as module
from sklearn_bpnet.training.stochastic.thread_pool import SharedBatches, ThreadPool

from ..threads import (
    LARGE,
    SMALL,
    blas_threads,
    exit_status,
    is_free,
    run_interrupted,
)


@pytest.fixture
def pool():
    pool = ThreadPool(3)
    yield pool
    pool.shutdown()


def test_a_pool_works_at_the_same_time_and_adds_up(pool):
    together = Barrier(3, timeout=30)

    def task(number):
        together.wait()
        return number

    for _ in range(3):
        assert pool.run([lambda k=k: task(k) for k in (1.0, 10.0, 100.0)]) == 111.0


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_a_task_raises_is_raised_when_all_are_done(pool, which):
    done = []

    def task(i):
        if i == which:
            raise KeyError(i)
        done.append(i)
        return 1.0

    with pytest.raises(KeyError):
        pool.run([lambda i=i: task(i) for i in range(3)])
    assert sorted(done) == [i for i in range(3) if i != which]
    assert pool.run([lambda: 1.0] * 3) == 3.0  # it works again


def test_a_pool_treats_overflow_as_its_caller_does(pool):
    def overflow():
        return float(np.float64(1e308) * np.float64(10))

    with np.errstate(over="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pool.run([overflow] * 3) == np.inf
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        pool.run([lambda: 0.0, overflow, lambda: 0.0])


def test_pools_work_one_at_a_time(pool):
    other, at_work, seen = ThreadPool(2), [0, 0], []
    change = threading.Lock()

    def task(which):
        for _ in range(50):
            with change:
                at_work[which] += 1
                seen.append(tuple(at_work))
            time.sleep(1e-4)
            with change:
                at_work[which] -= 1
        return 1.0

    thread = Thread(target=lambda: [other.run([lambda: task(1)] * 2) for _ in range(3)])
    thread.start()
    for _ in range(3):
        pool.run([lambda: task(0)] * 3)
    thread.join()
    other.shutdown()
    assert max(seen)[0] > 1  # of one pool, several work at once
    assert not any(first and second for first, second in seen)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # to fork beside threads
def test_f18_a_forked_process_does_not_wait_for_the_pool_of_another(pool):
    entered, leave = threading.Event(), threading.Event()

    def task():
        entered.set()
        leave.wait(30)
        return 1.0

    thread = Thread(target=lambda: pool.run([task] * 3))
    thread.start()
    entered.wait(30)
    child = os.fork()
    if child == 0:
        own = ThreadPool(2)
        os._exit(0 if own.run([lambda: 1.0] * 2) == 2.0 else 1)
    status = exit_status(child)
    leave.set()
    thread.join()
    assert status == 0


def test_shared_batches_leave_no_thread_and_no_limit_behind():
    before, others = blas_threads(), set(threading.enumerate())
    shared = SharedBatches(LARGE, 64, can_share=True)
    with shared, shared as pool:
        assert set(blas_threads()) == {1}
        assert pool.size == min(max(before), 2)
        pool.run([lambda: 1.0] * pool.size)
        workers = set(threading.enumerate()) - others
        assert len(workers) == pool.size - 1
    for worker in workers:
        worker.join(timeout=30)
    assert not any(worker.is_alive() for worker in workers)
    assert blas_threads() == before


def test_small_batches_and_what_cannot_be_shared_get_a_pool_of_one():
    before = blas_threads()
    with SharedBatches(SMALL, 64, can_share=True) as pool:
        assert pool.size == 1
    with SharedBatches(LARGE, 4, can_share=True) as pool:
        assert pool.size == 1
    with SharedBatches(LARGE, 64, can_share=False) as pool:
        assert pool.size == 1
        assert blas_threads() == before


def shared_work():
    shared = SharedBatches(LARGE, 64, can_share=True)
    with shared, shared as pool:
        pool.run([lambda: 1.0] * pool.size)


def test_f25_an_interrupt_at_any_line_leaves_no_thread_and_no_limit(monkeypatch):
    before, n_lines, others = blas_threads(), 0, set(threading.enumerate())
    while run_interrupted(shared_work, n_lines + 1, {blas.__file__, module.__file__}):
        n_lines += 1
        assert blas_threads() == before
        for worker in set(threading.enumerate()) - others:
            worker.join(timeout=30)
            assert not worker.is_alive()
        assert is_free(module._lock)
    assert n_lines > 30
