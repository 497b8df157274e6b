"""Files and bounds so small that a table of a few samples is larger than memory."""

import threading

import numpy as np
import pytest
import sklearn


@pytest.fixture
def tiny_memory():
    """Windows of 12,800 bytes, in blocks of 400."""
    with sklearn.config_context(working_memory=12_800 * 8 / 2**20):
        yield


@pytest.fixture
def no_thread_left():
    """Afterwards there are no more threads than before."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def mapped(tmp_path):
    """A function that writes an array to a file and maps it."""
    names = iter(range(100))

    def of(X, mode="r", order="C"):
        path = tmp_path / f"{next(names)}.npy"
        np.save(path, np.asarray(X, order=order))
        return np.load(path, mmap_mode=mode)

    return of
