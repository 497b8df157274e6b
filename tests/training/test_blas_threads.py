import os
import signal
import threading
import time
import warnings
from threading import Barrier, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.blas_threads import (
    BlasTrial,
    Crew,
    blas_threads_for,
    crew_for,
)

SMALL = Network.dense((10, 32, 1), [ACTIVATIONS["relu"], ACTIVATIONS["identity"]])
LARGE = Network.dense((1000, 1000), [ACTIVATIONS["identity"]])


def blas_threads():
    return [
        lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"
    ]


def test_small_products_get_one_thread_and_the_limit_ends_with_them():
    before = blas_threads()
    with blas_threads_for(SMALL, 32):
        assert set(blas_threads()) == {1}
        with blas_threads_for(SMALL, 32):
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_large_products_keep_the_threads_that_there_are():
    before = blas_threads()
    with blas_threads_for(LARGE, 32):
        assert blas_threads() == before


def test_the_limit_ends_after_an_error():
    before = blas_threads()
    with pytest.raises(KeyError), blas_threads_for(SMALL, 32):
        raise KeyError
    assert blas_threads() == before


def test_threads_that_overlap_leave_no_limit_behind():
    before = blas_threads()
    both_in, first_out = Barrier(2, timeout=30), Barrier(2, timeout=30)

    def first():
        with blas_threads_for(SMALL, 32):
            both_in.wait()
        first_out.wait()

    thread = Thread(target=first)
    thread.start()
    with blas_threads_for(SMALL, 32):
        both_in.wait()
        first_out.wait()
    thread.join()
    assert blas_threads() == before


@pytest.fixture
def crew():
    crew = Crew(3)
    yield crew
    crew.dismiss()


def test_a_crew_works_at_the_same_time_and_adds_up(crew):
    together = Barrier(3, timeout=30)

    def task(number):
        together.wait()
        return number

    for _ in range(3):
        assert crew.run([lambda k=k: task(k) for k in (1.0, 10.0, 100.0)]) == 111.0


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_a_task_raises_is_raised_when_all_are_done(crew, which):
    done = []

    def task(i):
        if i == which:
            raise KeyError(i)
        done.append(i)
        return 1.0

    with pytest.raises(KeyError):
        crew.run([lambda i=i: task(i) for i in range(3)])
    assert sorted(done) == [i for i in range(3) if i != which]
    assert crew.run([lambda: 1.0] * 3) == 3.0  # it goes on


def test_a_crew_treats_overflow_as_its_caller_does(crew):
    def overflow():
        return float(np.float64(1e308) * np.float64(10))

    with np.errstate(over="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert crew.run([overflow] * 3) == np.inf
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        crew.run([lambda: 0.0, overflow, lambda: 0.0])


def test_crews_take_turns(crew):
    other, at_work, seen = Crew(2), [0, 0], []
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
        crew.run([lambda: task(0)] * 3)
    thread.join()
    other.dismiss()
    assert max(seen)[0] > 1  # of one crew, several work at once
    assert not any(first and second for first, second in seen)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # to fork beside threads
def test_a_forked_process_does_not_wait_for_the_turn_of_another(crew):
    entered, leave = threading.Event(), threading.Event()

    def task():
        entered.set()
        leave.wait(30)
        return 1.0

    thread = Thread(target=lambda: crew.run([task] * 3))
    thread.start()
    entered.wait(30)
    child = os.fork()
    if child == 0:
        own = Crew(2)
        os._exit(0 if own.run([lambda: 1.0] * 2) == 2.0 else 1)
    deadline = time.monotonic() + 30
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    leave.set()
    thread.join()
    assert ended[1] == 0


def test_a_crew_leaves_no_thread_and_no_limit_behind():
    before, others = blas_threads(), set(threading.enumerate())
    with crew_for(LARGE, 64, can_share=True) as crew:
        assert set(blas_threads()) == {1}
        assert crew.size <= max(before)
        workers = set(threading.enumerate()) - others
        assert len(workers) == crew.size - 1
    for worker in workers:
        worker.join(timeout=30)
    assert not any(worker.is_alive() for worker in workers)
    assert blas_threads() == before


def test_small_batches_and_what_cannot_be_shared_get_a_crew_of_one():
    before = blas_threads()
    with crew_for(SMALL, 64, can_share=True) as crew:
        assert crew.size == 1
    with crew_for(LARGE, 4, can_share=True) as crew:
        assert crew.size == 1
    with crew_for(LARGE, 64, can_share=False) as crew:
        assert crew.size == 1
        assert blas_threads() == before


class Clock:
    """Tells the time that it is set to."""

    now = 0.0

    def __call__(self):
        return self.now


def steps(trial, clock, seconds):
    """The numbers of BLAS threads in each batch that takes so many seconds."""
    found = []
    with trial:
        for s in seconds:
            found.append(max(blas_threads()))
            clock.now += s
            trial.look(32)
    return found


def test_the_threads_of_blas_stay_while_they_pay():
    clock, before = Clock(), blas_threads()
    trial = BlasTrial(LARGE, 32, 100, clock)
    n = max(before)
    # the first batch is one thread's; later ones may take less than twice its time
    assert steps(trial, clock, [0.02] + [0.039] * 9) == [1] + [n] * 9
    assert steps(trial, clock, [0.02] + [0.001] * 9) == [1] + [n] * 9
    assert blas_threads() == before


def test_the_threads_of_blas_are_given_up_where_they_wait():
    clock, before = Clock(), blas_threads()
    trial = BlasTrial(LARGE, 32, 100, clock)
    n = max(before)
    # after a tenth of a second
    assert steps(trial, clock, [0.02, 0.06, 0.06, 0.01, 0.01]) == [1, n, n, 1, 1]
    assert blas_threads() == before
    # a slow measurement does not replace a better one
    assert steps(trial, clock, [0.5, 0.2, 0.01]) == [1, n, 1]
    assert blas_threads() == before


def test_no_trial_is_made_of_small_products_few_batches_or_after_an_error():
    before = blas_threads()
    clock = Clock()
    for trial in (BlasTrial(SMALL, 32, 100, clock), BlasTrial(LARGE, 32, 31, clock)):
        assert steps(trial, clock, [0.02, 9.0, 9.0]) == [max(before)] * 3
    for n_looks in range(3):
        seconds = [*range(1, 1 + n_looks), None]  # which cannot be added
        with pytest.raises(TypeError):
            steps(BlasTrial(LARGE, 32, 100, clock), clock, seconds)
        assert blas_threads() == before
