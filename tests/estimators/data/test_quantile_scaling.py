"""input_scaling="quantile": every numeric feature as a normal score."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.base import clone
from sklearn.preprocessing import QuantileTransformer

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, check_gradient
from sklearn_bpnet._data.normal_scores import NormalScores

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
FEW = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0}


@pytest.fixture
def table(rng):
    """Continuous features of several shapes, and classes."""
    X = rng.normal(size=(400, 3))
    X = np.column_stack([X[:, 0], np.exp(3 * X[:, 1]), 1e5 + X[:, 2] ** 3])
    return X, (X[:, 0] + np.log(X[:, 1]) / 3 > 0).astype(int)


def scaled(estimator, **parameters):
    return estimator(**FEW | parameters, input_scaling="quantile")


def outputs(model, X):
    return getattr(model, "predict_proba", model.predict)(X)


def seen(model, X):
    """What the network sees of X."""
    fitted = model._fitted
    return fitted.encoder.encode(X, {}, has_gaps=bool(np.isnan(X).any()))


def theirs(X):
    n = max(min(len(X) // 30, 1000), 10)
    transformer = QuantileTransformer(
        n_quantiles=n, output_distribution="normal", subsample=None
    )
    return transformer.fit(X)


@each_class
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("n", [12, 200, 400])
def test_it_is_the_quantile_transformer(estimator, dtype, n, table):
    X, y = table
    X = np.round(1000 * X[:n]).astype(dtype)
    y = np.arange(n) % 2 if estimator is BPNetClassifier else y[:n]
    transformer = theirs(X)
    Z = transformer.transform(X)
    inside = scaled(estimator).fit(X, y)
    outside = estimator(**FEW, input_scaling=None).fit(Z, y)
    rtol = 1e-4 if dtype is np.float32 else 1e-6
    assert_allclose(outputs(inside, X), outputs(outside, Z), rtol=rtol, atol=1e-6)
    assert_allclose(inside.input_quantiles_, transformer.quantiles_, rtol=1e-6)
    assert not hasattr(inside, "input_mean_")
    beyond = np.vstack([X.min(axis=0) - 10, X.max(axis=0) + 10]).astype(dtype)
    ends = seen(inside, beyond)
    assert_allclose(ends, transformer.transform(beyond), rtol=1e-6)
    assert_allclose(ends, [[-5.2] * 3, [5.2] * 3], atol=1e-3)


@each_class
def test_both_ways_of_training_see_the_same(estimator, table):
    check_gradient(scaled(estimator), table[0][:50], table[1][:50])
    full = scaled(estimator, solver="lbfgs", max_iter=1000).fit(*table)
    assert full.score(*table) > 0.5


def test_values_that_many_samples_share_have_their_mean_level(rng):
    # scikit-learn sends the smallest and the largest value to the ends in any case
    x = np.concatenate([np.zeros(600), np.ones(100), 1 + rng.exponential(size=300)])
    model = scaled(BPNetRegressor).fit(x[:, None], x)
    levels = stats.norm.cdf(seen(model, np.array([[0.0], [1.0]])))
    assert_allclose(levels, [[0.3], [0.65]], atol=0.02)
    constant = scaled(BPNetRegressor).fit(np.full((30, 1), 7.0), np.arange(30.0))
    ends = stats.norm.isf(1e-7) * np.array([[-1], [0], [1]])
    assert_allclose(seen(constant, np.array([[6.0], [7.0], [8.0]])), ends)


def test_scores_ascend_with_values(rng):
    quantiles = np.sort(rng.integers(0, 6, 50)).astype(float)
    x = np.sort(rng.normal(size=300) * 4 + 3)
    scores = x.copy()
    NormalScores([quantiles]).apply(scores[:, None])
    assert (np.diff(scores) >= 0).all()
    assert np.abs(scores).max() < 5.2


# Weights and selected samples


@each_class
def test_a_sample_of_weight_two_is_two_samples(estimator, table):
    X, y = table
    weights = np.arange(len(X)) % 3 + 1
    weighted = scaled(estimator, solver="lbfgs").fit(X, y, weights)
    repeated = scaled(estimator, solver="lbfgs")
    repeated.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert_allclose(weighted.input_quantiles_, repeated.input_quantiles_, rtol=1e-12)


@each_class
@pytest.mark.parametrize("unit", [1.0, 0.3, 1e-200])
def test_only_ratios_of_weights_matter(estimator, unit, table):
    X, y = table
    weights = np.random.default_rng(1).uniform(1, 5, len(X))
    first, other = (scaled(estimator).fit(X, y, w * weights) for w in (1.0, unit))
    assert_allclose(first.input_quantiles_, other.input_quantiles_, rtol=1e-9)


@each_class
def test_only_training_samples_count(estimator, table):
    X, y = table
    weights = np.ones(len(X))
    weights[::3] = 0
    there = scaled(estimator).fit(X, y, weights)
    alone = scaled(estimator).fit(X[weights > 0], y[weights > 0])
    assert_array_equal(there.input_quantiles_, alone.input_quantiles_)
    assert_allclose(outputs(there, X), outputs(alone, X), rtol=1e-4)
    stopped = scaled(estimator, early_stopping=True).fit(X, y)
    assert len(stopped.input_quantiles_) == 360 // 30
    apart = scaled(estimator, early_stopping=True).fit(X, y, X_val=9 * X, y_val=y)
    assert_array_equal(
        apart.input_quantiles_, scaled(estimator).fit(X, y).input_quantiles_
    )


def test_a_large_table_is_read_in_part(monkeypatch, table):
    monkeypatch.setattr("sklearn_bpnet._data.quantiles._EXACT_NUMBERS", 10)
    monkeypatch.setattr("sklearn_bpnet._data.quantiles._N_SAMPLED", 200)
    X, y = table
    for weights in (None, np.arange(len(X)) % 3):
        some = scaled(BPNetRegressor).fit(X, y, weights).input_quantiles_
        assert len(some) == 10
        counts = np.ones(len(X), int) if weights is None else weights
        for found, column in zip(some.T, np.repeat(X, counts, axis=0).T, strict=True):
            of_all = stats.percentileofscore(column, found) / 100
            assert_allclose(of_all, np.linspace(0, 1, 10), atol=0.08)


# Gaps and categories


@each_class
def test_gaps_have_the_middle_score_and_their_indicators_are_standardised(
    estimator, table
):
    X, y = table[0].copy(), table[1]
    X[::4, 1] = np.nan
    model = scaled(estimator).fit(X, y)
    Z = seen(model, X)
    known = X[np.isfinite(X[:, 1])]
    assert_allclose(Z[::4, 1], 0, atol=1e-9)
    # as many quantiles as the table has, of the numbers that are there
    n = model.input_quantiles_.shape[0]
    expected = np.quantile(known[:, 1], np.linspace(0, 1, n))
    assert_allclose(model.input_quantiles_[:, 1], expected)
    assert_allclose(Z[:, 3].mean(), 0, atol=1e-9)
    assert_allclose(Z[:, 3].std(), 1)
    names = ["x0", "x1", "x2", "missingindicator_x1"]
    assert model.get_network_input_names() == names
    # elsewhere a gap is the middle
    X[0, 0] = np.nan
    assert_allclose(seen(model, X[:1])[0, 0], 0, atol=1e-9)
    no_gaps = scaled(estimator).fit(*table)
    assert_allclose(seen(no_gaps, X[:1])[0, 0], 0, atol=1e-9)


@each_class
def test_only_numbers_of_a_frame_are_scored(estimator, table):
    X, y = table
    kinds = np.array(["a", "b", "c"])[np.arange(len(X)) % 3]
    frame = pd.DataFrame(X, columns=["u", "v", "w"]).assign(kind=kinds)
    model = scaled(estimator).fit(frame, y)
    assert model.input_quantiles_.shape == (13, 3)
    standard = estimator(**FEW).fit(frame, y)
    for ours, other in zip(
        model._fitted.encoder.tables, standard._fitted.encoder.tables, strict=True
    ):
        assert_array_equal(ours.values, other.values)
    only = scaled(estimator).fit(frame[["kind"]], y)
    assert not hasattr(only, "input_quantiles_")
    assert only.predict(frame[["kind"]]).shape == (len(X),)


# Later calls and copies


@each_class
def test_later_calls_keep_the_quantiles_of_the_first(estimator, table):
    X, y = table
    classes = {"classes": [0, 1]} if estimator is BPNetClassifier else {}
    model = scaled(estimator).partial_fit(X[:100], y[:100], **classes)
    quantiles = model.input_quantiles_
    model.partial_fit(X[100:] * 3, y[100:])
    assert_array_equal(model.input_quantiles_, quantiles)
    warm = scaled(estimator, warm_start=True).fit(X[:100], y[:100])
    assert_array_equal(warm.fit(X, y).input_quantiles_, quantiles)


@each_class
@pytest.mark.parametrize("members", [1, 2])
def test_copies_predict_the_same(estimator, members, table, tmp_path):
    X, y = table[0].copy(), table[1]
    X[::5, 2] = np.nan
    model = scaled(estimator, n_members=members).fit(X, y)
    model.save_checkpoint(tmp_path / "file")
    again = estimator.load_checkpoint(tmp_path / "file")
    for copy in (pickle.loads(pickle.dumps(model)), again):
        assert_array_equal(outputs(copy, X), outputs(model, X))
        assert_array_equal(copy.input_quantiles_, model.input_quantiles_)
    again.set_params(warm_start=True).fit(X, y)
    if members > 1:
        alone = model.estimators_[0]
        assert_array_equal(alone.input_quantiles_, model.input_quantiles_)
        assert np.isfinite(outputs(alone, X)).all()


@each_class
def test_x_is_not_modified(estimator, table):
    X, y = table
    before = X.copy()
    outputs(scaled(estimator).fit(X, y), X)
    assert_array_equal(X, before)


@each_class
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_in_memory_does_not_matter(estimator, order, table):
    X, y = table
    model = scaled(estimator).fit(np.asarray(X, order=order), y)
    assert_array_equal(outputs(model, X), outputs(scaled(estimator).fit(X, y), X))


# Beside other parameters


@pytest.mark.parametrize("embedding", ["pbld", "ple", "pwl"])
def test_embeddings_see_the_scores(embedding, table):
    model = scaled(BPNetRegressor, numeric_embedding=embedding).fit(*table)
    assert_array_equal(model.embedded_features_, [0, 1, 2])
    if embedding != "pbld":
        Z = seen(model, table[0])
        expected = np.quantile(Z, np.linspace(0, 1, 49), axis=0)
        assert_allclose(np.transpose(model.bin_edges_), expected, rtol=1e-9)


def test_huge_features_are_clipped(table):
    X, y = table[0].copy(), table[1]
    X[0] = 1e300
    model = scaled(BPNetRegressor, dtype="float32").fit(X, y)
    assert np.isfinite(model.predict(-X)).all()


# What is refused


@each_class
def test_sparse_samples_are_refused(estimator, table):
    X, y = table
    thin, message = sparse.csr_array(X), r"input_scaling='quantile' needs dense X"
    with pytest.raises(ValueError, match=message):
        scaled(estimator).fit(thin, y)
    with pytest.raises(ValueError, match=message):
        scaled(estimator).fit(X, y, X_val=thin, y_val=y)
    with pytest.raises(ValueError, match=message):
        scaled(estimator).fit(X, y).predict(thin)


@each_class
def test_a_first_call_of_few_samples_is_refused(estimator, table):
    X, y = table[0][:5], np.arange(5) % 2
    message = r"which has 5 samples\. Start with at least 20, or use input_scaling="
    with pytest.raises(ValueError, match=message):
        scaled(estimator).partial_fit(
            X, y, **({"classes": [0, 1]} if estimator is BPNetClassifier else {})
        )
    with pytest.raises(ValueError, match=message):
        scaled(estimator, warm_start=True).fit(X, y)
    assert np.isfinite(outputs(scaled(estimator).fit(X, y), X)).all()


@each_class
def test_weights_given_alone_are_refused(estimator):
    statistics = {"input_mean": [0.0], "input_scale": [1.0]}
    for given in ({}, statistics):
        with pytest.raises(ValueError, match="quantiles that the weights were"):
            estimator.from_weights(
                [[[1.0]]], [[0.0]], input_scaling="quantile", **given
            )


@each_class
def test_a_warm_start_keeps_its_scaling(estimator, table):
    model = scaled(estimator, warm_start=True).fit(*table)
    other = clone(model).set_params(input_scaling="standard").fit(*table)
    for fitted in (model, other):
        assert fitted.fit(*table).n_iter_ == 4
