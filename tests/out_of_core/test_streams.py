"""partial_fit over a stream of data frames."""

import numpy as np
import pytest

from sklearn_bpnet import BPNetClassifier

pd = pytest.importorskip("pandas")


def stream(n_parts, n=400, seed=0):
    """Frames of numbers with gaps and text, and their labels."""
    rng = np.random.default_rng(seed)
    for i in range(n_parts):
        a, kind = rng.normal(size=n), rng.choice(["u", "v", "w"], n)
        label = np.where(a + 2 * (kind == "u") > 0.6, "high", "low")
        a[rng.random(n) < 0.02] = np.nan
        if i == n_parts - 1:
            kind[:5] = "never seen"
        yield pd.DataFrame({"a": a, "kind": kind, "b": rng.normal(size=n)}), label


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_stream_of_frames_is_learned(library):
    clf = BPNetClassifier((16,), batch_size=32, random_state=0)
    for X, y in stream(12):
        if library == "polars":
            X = pytest.importorskip("polars").from_pandas(X)
        if library == "pyarrow":
            X = pytest.importorskip("pyarrow").Table.from_pandas(X)
        clf.partial_fit(X, y, classes=["high", "low"])
    assert clf.t_ == 12 * 400
    [(X, y)] = stream(1, seed=1)
    if library == "polars":
        X = pytest.importorskip("polars").from_pandas(X)
    if library == "pyarrow":
        X = pytest.importorskip("pyarrow").Table.from_pandas(X)
    assert clf.score(X, y) > 0.95


def test_a_stream_has_one_epoch_per_frame_of_a_fit_in_memory():
    parts = list(stream(3))
    one = BPNetClassifier((8,), random_state=0, learning_rate="constant")
    for X, y in parts[:1] * 3:
        one.partial_fit(X, y, classes=["high", "low"])
    other = BPNetClassifier(
        (8,), random_state=0, learning_rate="constant", warm_start=True, max_iter=3,
        n_iter_no_change=np.inf, alpha=one.plan_["alpha"],
        batch_size=one.plan_["batch_size"], early_stopping=False,
    ).fit(*parts[0])  # fmt: skip
    for found, expected in zip(one.coefs_, other.coefs_, strict=True):
        np.testing.assert_array_equal(found, expected)
