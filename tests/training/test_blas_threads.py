import os
import threading
from threading import Barrier, Thread

import pytest
from threadpoolctl import threadpool_limits

from sklearn_bpnet.training import blas_threads as module
from sklearn_bpnet.training.blas_threads import OneBlasThread, blas_threads_for

from .threads import LARGE, SMALL, blas_threads, exit_status, is_free, run_interrupted


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


def test_f19_threads_that_overlap_leave_no_limit_behind():
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


def in_another_thread(function):
    """What a function returns in a thread of its own."""
    results = []
    thread = Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(30)
    return results[0]


def test_f19_a_limit_of_any_thread_holds_for_all_and_ends_in_any():
    before, limit = blas_threads(), OneBlasThread()
    assert in_another_thread(limit.__enter__) == max(before)
    assert set(blas_threads()) == set(in_another_thread(blas_threads)) == {1}
    in_another_thread(limit.__exit__)
    assert blas_threads() == in_another_thread(blas_threads) == before


def test_f19_limits_of_several_threads_end_with_the_last_in_any_order():
    before, first, second = blas_threads(), OneBlasThread(), OneBlasThread()
    first.__enter__()
    assert in_another_thread(second.__enter__) == max(before)
    first.__exit__()
    assert set(blas_threads()) == {1}
    in_another_thread(second.__exit__)
    assert blas_threads() == before


def test_f19_a_limit_of_the_user_is_kept_and_ends_as_before():
    before = blas_threads()
    with threadpool_limits(1, "blas"):
        with OneBlasThread() as n_threads:
            assert n_threads == 1
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def limited():
    limit = OneBlasThread()
    with limit, limit:
        assert set(blas_threads()) == {1}


def test_f25_an_interrupt_at_any_line_leaves_no_limit_behind():
    before, n_lines = blas_threads(), 0
    while run_interrupted(limited, n_lines + 1, {module.__file__}):
        n_lines += 1
        assert blas_threads() == before
        assert not module._limits.holders
        assert is_free(module._limits.lock)
    assert n_lines > 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # to fork beside threads
def test_f18_a_forked_process_has_the_limits_of_before_and_can_set_its_own():
    before, stop = blas_threads(), threading.Event()

    def limit_again_and_again():
        while not stop.is_set():
            with OneBlasThread():
                pass

    threads = [Thread(target=limit_again_and_again) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            child = os.fork()
            if child == 0:
                is_right = blas_threads() == before
                with OneBlasThread():
                    is_right = is_right and set(blas_threads()) == {1}
                os._exit(0 if is_right and blas_threads() == before else 1)
            assert exit_status(child) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert blas_threads() == before
