"""A table of each kind for the neighbours."""

import numpy as np
import pytest


def numbers(n=300):
    """Three features, and a target that is one of them with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, X[:, 0] + 0.3 * rng.normal(size=n)


def frame(n=120):
    """A frame with gaps, text and categories, and three classes that follow it."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "town": rng.choice(["Bern", "Oslo", "Rome"], n),
            "kind": pd.Categorical(rng.choice(["x", "y"], n)),
        }
    )
    y = np.where(X["size"] > 0, X["town"], "none").astype(str)
    X.loc[::9, "size"] = np.nan
    return X, y
