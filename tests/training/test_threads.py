from threading import Barrier, Thread

import pytest
from threadpoolctl import threadpool_info

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.threads import blas_threads_for

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
