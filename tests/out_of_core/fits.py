"""Fits of tables in blocks, and of the same tables in memory."""

import numpy as np


def fitted(kind, X, y, sample_weight=None, **parameters):
    chosen = {"max_iter": 3, "batch_size": 32, "random_state": 0, "shuffle": False}
    return kind((8,), **(chosen | parameters)).fit(X, y, sample_weight)


def assert_same(a, b, tol=0.0):
    """The weights, up to a difference, the loss curve and the names of the features."""
    for found, expected in zip(a.coefs_, b.coefs_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=tol)
    np.testing.assert_equal(a.history_["loss"], b.history_["loss"])
    assert hasattr(a, "feature_names_in_") == hasattr(b, "feature_names_in_")
    if hasattr(a, "feature_names_in_"):
        np.testing.assert_array_equal(a.feature_names_in_, b.feature_names_in_)
