"""What "auto" stands for in the parameters that follow the table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._data import samples as samples_module
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet._settings.choices import USUAL, Facts, choose
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.activations import Exp, Mixed
from sklearn_bpnet.options import Dropout

AUTO = (
    "hidden_layer_sizes",
    "numeric_embedding",
    "shared_members",
    "input_scaling",
    "max_iter",
)
OTHERS = ("alpha", "batch_size", "learning_rate_init")


def settings_of(estimator):
    return Settings.of(estimator.get_params(deep=False))


def data(n, d=3, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, d))
    return X, X[:, 0] + np.sin(2 * X[:, 1])


@pytest.mark.parametrize(
    ("task", "n", "expected"),
    [
        ("classification", 39, ((100,), None, None, "standard", 300)),
        ("classification", 40, ((96, 96), "pbld", 8, "standard", 60)),
        ("classification", 1000, ((96, 96), "pbld", 8, "standard", 38)),
        ("classification", 1500, ((96, 96), "pbld", 8, "quantile", 30)),
        ("classification", 200_000, ((96, 96), "pbld", 8, "quantile", 15)),
        ("regression", 39, ((100,), None, None, "standard", 300)),
        ("regression", 40, ((96, 96), "pbld", 4, "standard", 480)),
        ("regression", 250, ((96, 96), "pbld", 4, "standard", 150)),
        ("regression", 2000, ((96, 96), "pbld", 4, "standard", 30)),
        ("regression", 2001, ((128, 128), "pbld", None, "standard", 30)),
        ("regression", 10_000_000, ((128, 128), "pbld", None, "standard", 10)),
    ],
)
def test_choices_follow_the_number_of_samples(task, n, expected):
    facts = Facts(task, n, n_inputs=2, n_numeric=2)
    settings = settings_of(
        BPNetClassifier() if task == "classification" else BPNetRegressor()
    )
    assert tuple(choose(settings, facts)[name] for name in AUTO) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts("classification", 1900, 96, 96), ((96, 96), None, 8, "standard", 30)),
        (Facts("classification", 5000, 10, 0), ((96, 96), None, 8, "standard", 30)),
        (Facts("classification", 5000, 201, 0), None),
        (Facts("classification", 5000, 300, 300), None),
        (Facts("classification", 5000, 10, 10, is_sparse=True), None),
        (Facts("classification", 5000, 10, 10, is_given=True), None),
        (Facts("regression", 1900, 96, 96), ((100,), None, 4, "standard", 100)),
        (Facts("regression", 5000, 10, 0), None),
    ],
)
def test_no_embedding_where_the_table_does_not_suit(facts, expected):
    is_class = facts.task == "classification"
    estimator = BPNetClassifier() if is_class else BPNetRegressor()
    choices = choose(settings_of(estimator), facts)
    expected = tuple(USUAL.values()) if expected is None else expected
    assert tuple(choices[name] for name in AUTO) == expected


@pytest.mark.parametrize(
    "parameters",
    [
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (100,)},
        {"hidden_layer_sizes": 100},
        {"group_alpha": 0.1},
        {"activation": "exp"},
        {"activation": Mixed(Exp())},
        {"solver": "lbfgs"},
        {"solver": "gd"},
        {"numeric_embedding": None, "shared_members": None},
    ],
)
def test_the_usual_network_where_other_parameters_do_not_suit(parameters):
    facts = Facts("classification", 5000, 10, 10)
    choices = choose(settings_of(BPNetClassifier(**parameters)), facts)
    assert dict(choices) | parameters == dict(USUAL) | parameters


@pytest.mark.parametrize("parameter", ["input_scaling", "numeric_embedding"])
def test_members_without_an_embedding(parameter):
    facts = Facts("classification", 5000, 10, 10)
    settings = settings_of(BPNetClassifier(**{parameter: None}))
    chosen = settings.chosen(choose(settings, facts))
    assert {name: getattr(chosen, name) for name in AUTO} == {
        "hidden_layer_sizes": (96, 96),
        "numeric_embedding": None,
        "shared_members": 8,
        "input_scaling": None if parameter == "input_scaling" else "standard",
        "max_iter": 30,
    }


def test_without_members_the_layers_are_larger():
    facts = Facts("classification", 5000, 10, 10)
    settings = settings_of(BPNetClassifier(shared_members=None))
    assert choose(settings, facts)["hidden_layer_sizes"] == (128, 128)
    facts = Facts("regression", 5000, 10, 10)
    settings = settings_of(BPNetRegressor(shared_members=2))
    assert choose(settings, facts)["hidden_layer_sizes"] == (96, 96)


def test_batches_of_members_that_share_weights_may_be_smaller():
    X, y = data(1600)
    clf = BPNetClassifier(max_iter=1).fit(X, y > 0)
    assert clf.plan_["batch_size"] == 32
    assert clf.set_params(shared_members=None).fit(X, y > 0).plan_["batch_size"] == 64


def test_a_list_of_activations_gives_the_number_of_layers():
    settings = settings_of(BPNetRegressor(activation=["relu", "tanh", "relu"]))
    large, small = (Facts("regression", n, 2, 2) for n in (500, 30))
    assert choose(settings, large)["hidden_layer_sizes"] == (96,) * 3
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
    assert clf.coefs_[0].shape == (3, 96)
    assert clf.coefs_[-1].shape == (8, 96, 1)


def test_samples_of_weight_zero_do_not_count():
    X, y = data(70)
    w = np.ones(70)
    w[:15] = 0
    reg = BPNetRegressor(batch_size=10, max_iter=2, random_state=0).fit(X, y, w)
    alone = clone(reg).fit(X[15:], y[15:])
    assert reg.plan_ == alone.plan_
    assert reg.plan_["numeric_embedding"] is None


@pytest.mark.parametrize("n", [41, pytest.param(101, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sin(2 * x),
        lambda x: x**3,
        pytest.param(np.sin, marks=pytest.mark.slow),
        pytest.param(np.exp, marks=pytest.mark.slow),
        pytest.param(np.abs, marks=pytest.mark.slow),
    ],
    ids=["sin 2x", "x^3", "sin", "exp", "abs"],
)
def test_a_function_of_one_feature_is_learned_from_few_samples(f, n):
    x, between = np.linspace(-3, 3, n), np.linspace(-3, 3, 500)
    reg = BPNetRegressor(random_state=0).fit(x[:, None], f(x))
    assert reg.score(between[:, None], f(between)) > 0.99


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
    assert reg.coefs_[0].shape[1] == 96
    path = tmp_path / "reg.npz"
    reg.save_checkpoint(path)
    loaded = BPNetRegressor.load_checkpoint(path)
    np.testing.assert_array_equal(loaded.predict(X), reg.predict(X))
    assert loaded.plan_ == reg.plan_
    assert loaded.get_params()["hidden_layer_sizes"] == "auto"


def test_dropout_needs_more_epochs():
    facts = Facts("classification", 5000, 10, 10)
    for dropout in (0.1, [0, 0.1], Dropout(input_rate=0.1)):
        settings = settings_of(BPNetClassifier(dropout=dropout))
        assert choose(settings, facts)["max_iter"] == 50
    settings = settings_of(BPNetClassifier(dropout=Dropout(input_noise=0.1)))
    assert choose(settings, facts)["max_iter"] == 30


def test_the_scaling_that_a_table_gets_is_that_of_the_encoder():
    X, y = data(1600)
    clf = BPNetClassifier(max_iter=2, random_state=0)
    assert clf.fit(X, y > 0).plan_["input_scaling"] == "quantile"
    assert clf.input_quantiles_.shape[0] == 3 or clf.input_quantiles_.shape[1] == 3
    for parameters in ({"hidden_layer_sizes": (5,)}, {"numeric_embedding": None}):
        plain = clone(clf).set_params(**parameters).fit(X, y > 0)
        assert plain.plan_["input_scaling"] == "standard"
        assert plain.input_mean_.shape == (3,)
    squashed = clone(clf).set_params(input_scaling="squash").fit(X, y > 0)
    assert "input_scaling" not in squashed.plan_
    assert hasattr(squashed, "input_clip_")


def test_columns_with_more_than_two_values_are_counted_before_encoding():
    X = np.zeros((3000, 7))
    X[:, 0] = np.arange(3000)
    X[2999, 1], X[2998, 1] = 1, 2  # only among the last samples
    X[::2, 2] = 1
    X[::3, 3], X[::2, 3] = np.nan, 1  # two values, and gaps
    X[:, 4] = np.nan
    X[:, 5] = np.arange(3000) % 5  # codes of categories
    X[:, 6] = 1
    levels = {5: Levels(list("abcde"), is_declared=True)}
    samples = Samples(X, None, np.zeros((3000, 1)), None, levels=levels)
    assert samples.count_many_valued() == 2
    some = Samples(
        X, None, samples.Y, None, indices=np.arange(100), levels=levels
    )  # fmt: skip
    assert some.count_many_valued() == 1


def test_values_of_a_column_are_counted_in_parts_as_in_one():
    rng = np.random.default_rng(0)
    for _ in range(300):
        n, d = rng.integers(1, 12), rng.integers(1, 6)
        X = rng.integers(0, rng.integers(1, 5), (n, d)).astype(float)
        X[rng.random((n, d)) < rng.choice([0, 0.3, 0.9])] = np.nan
        parts = np.split(X, np.sort(rng.integers(0, n + 1, 3)))
        many = samples_module._has_many_values(part for part in parts if len(part))
        expected = [len(np.unique(column[~np.isnan(column)])) > 2 for column in X.T]
        assert many.tolist() == expected
