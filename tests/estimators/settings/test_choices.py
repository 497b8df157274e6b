"""What "auto" stands for in the parameters that follow the table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._settings.choices import USUAL, Facts, choose
from sklearn_bpnet._settings.settings import Settings

AUTO = ("hidden_layer_sizes", "numeric_embedding", "shared_members", "max_iter")
OTHERS = ("alpha", "batch_size", "learning_rate_init")


def settings_of(estimator):
    return Settings.of(estimator.get_params(deep=False))


def data(n, d=3, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, d))
    return X, X[:, 0] + np.sin(2 * X[:, 1])


@pytest.mark.parametrize(
    ("task", "n", "expected"),
    [
        ("classification", 10, ((100,), None, None, 300)),
        ("classification", 250, ((100,), None, None, 200)),
        ("classification", 1499, ((100,), None, None, 100)),
        ("classification", 1500, ((64, 64), "pbld", 4, 30)),
        ("classification", 200_000, ((64, 64), "pbld", 4, 15)),
        ("regression", 39, ((100,), None, None, 300)),
        ("regression", 499, ((100,), None, None, 200)),
        ("regression", 500, ((128, 128), "pbld", None, 100)),
        ("regression", 10_000, ((128, 128), "pbld", None, 50)),
        ("regression", 10_000_000, ((128, 128), "pbld", None, 10)),
    ],
)
def test_choices_follow_the_number_of_samples(task, n, expected):
    facts = Facts(task, n, n_inputs=2, n_numeric=2)
    settings = settings_of(
        BPNetClassifier() if task == "classification" else BPNetRegressor()
    )
    assert tuple(choose(settings, facts)[name] for name in AUTO) == expected


@pytest.mark.parametrize(
    "facts",
    [
        Facts("classification", 5000, 300, 300),
        Facts("classification", 1900, 96, 96),
        Facts("classification", 5000, 10, 0),
        Facts("classification", 5000, 10, 10, is_sparse=True),
        Facts("classification", 5000, 10, 10, is_given=True),
    ],
)
def test_no_embedding_where_the_table_does_not_suit(facts):
    choices = choose(settings_of(BPNetClassifier()), facts)
    assert dict(choices) == dict(USUAL)


@pytest.mark.parametrize(
    "parameters",
    [
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (100,)},
        {"hidden_layer_sizes": 100},
        {"group_alpha": 0.1},
        {"input_scaling": None},
        {"solver": "lbfgs"},
        {"solver": "gd"},
    ],
)
def test_no_embedding_where_other_parameters_do_not_suit(parameters):
    facts = Facts("classification", 5000, 10, 10)
    choices = choose(settings_of(BPNetClassifier(**parameters)), facts)
    assert dict(choices) == dict(USUAL)


def test_a_list_of_activations_gives_the_number_of_layers():
    settings = settings_of(BPNetRegressor(activation=["relu", "tanh", "relu"]))
    large, small = (Facts("regression", n, 2, 2) for n in (500, 30))
    assert choose(settings, large)["hidden_layer_sizes"] == (128,) * 3
    assert choose(settings, small)["hidden_layer_sizes"] == (100,) * 3


@pytest.mark.parametrize("cls", [BPNetClassifier, BPNetRegressor])
def test_the_plan_is_what_the_same_explicit_values_train(cls):
    X, y = data(1600)
    y = y > 0 if cls is BPNetClassifier else y
    auto = cls(max_iter=3, random_state=0).fit(X, y)
    assert set(auto.plan_) == {*AUTO, *OTHERS} - {"max_iter"}
    explicit = cls(max_iter=3, random_state=0, **auto.plan_).fit(X, y)
    assert explicit.plan_ == {}
    for ours, theirs in zip(auto.coefs_, explicit.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_explicit_values_remain():
    X, y = data(1600)
    clf = BPNetClassifier((20,), max_iter=2, random_state=0).fit(X, y > 0)
    assert clf.coefs_[0].shape == (3, 20)
    assert "hidden_layer_sizes" not in clf.plan_
    assert clf.plan_["numeric_embedding"] is None
    clf = clone(clf).set_params(numeric_embedding="pbld").fit(X, y > 0)
    assert clf.coefs_[0].shape == (12, 20)
    clf.set_params(hidden_layer_sizes="auto", numeric_embedding=None).fit(X, y > 0)
    assert clf.plan_["shared_members"] is None


def test_samples_of_weight_zero_do_not_count():
    X, y = data(510)
    w = np.ones(510)
    w[:25] = 0
    reg = BPNetRegressor(batch_size=50, random_state=0).fit(X, y, w)
    alone = BPNetRegressor(batch_size=50, random_state=0).fit(X[25:], y[25:])
    assert reg.plan_ == alone.plan_
    assert reg.plan_["numeric_embedding"] is None


def test_sparse_and_partial_fit_have_the_usual_network():
    X, y = data(1600)
    for reg in (
        BPNetRegressor(max_iter=1).fit(sparse.csr_array(X), y),
        BPNetRegressor().partial_fit(X, y).partial_fit(X, y),
    ):
        assert reg.coefs_[0].shape == (3, 100)


def test_a_call_that_continues_has_the_choices_of_the_first(tmp_path):
    X, y = data(1600)
    reg = BPNetRegressor(
        max_iter=2, learning_rate="cosine", warm_start=True, random_state=0
    ).fit(X, y)
    reg.fit(X[:30], y[:30])
    assert reg.plan_["numeric_embedding"] == "pbld"
    reg.partial_fit(X[:30], y[:30])
    assert reg.coefs_[0].shape[1] == 128
    path = tmp_path / "reg.npz"
    reg.save_checkpoint(path)
    loaded = BPNetRegressor.load_checkpoint(path)
    np.testing.assert_array_equal(loaded.predict(X), reg.predict(X))
    assert loaded.plan_ == reg.plan_
    assert loaded.get_params()["hidden_layer_sizes"] == "auto"
