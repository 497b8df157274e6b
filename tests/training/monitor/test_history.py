from math import nan

import numpy as np

from sklearn_bpnet.training.monitor.history import History


def test_an_epoch_is_a_row():
    history = History()
    assert len(history) == 0
    assert np.isnan(history.last("loss"))
    history.append({"loss": 2.0, "seconds": 0.5})
    history.append({"loss": 1.0, "seconds": 0.25})
    assert len(history) == 2
    assert history.loss == [2.0, 1.0]
    assert history.last("seconds") == 0.25
    assert history.column("score") is None


def test_what_an_epoch_does_not_know_is_nan():
    history = History()
    history.append({"loss": 3.0})
    history.append({"loss": 2.0, "score": 0.5})
    history.append({"loss": 1.0})
    np.testing.assert_array_equal(history.column("score"), [nan, 0.5, nan])


def test_it_continues_from_its_arrays():
    history = History()
    history.append({"loss": 3.0, "score": 0.1})
    later = History(history.arrays())
    later.append({"loss": 2.0, "score": 0.2})
    assert later.column("score") == [0.1, 0.2]
    assert history.column("score") == [0.1]
    for array in later.arrays().values():
        assert array.dtype == np.float64
        assert array.shape == (2,)


def test_a_column_is_a_copy():
    history = History()
    history.append({"loss": 3.0})
    history.column("loss").append(7.0)
    assert history.loss == [3.0]
