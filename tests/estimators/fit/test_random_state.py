"""Randomness: the same seed gives the same bits, and nothing global is touched."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = [
    {"solver": "lbfgs"},
    {"solver": "sgd"},
    {"solver": "adam"},
    {"solver": "adam", "early_stopping": True},
    {"solver": "adam", "initializer": "orthogonal"},
]
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
each_setting = pytest.mark.parametrize("setting", SETTINGS, ids=str)


def fitted(estimator, setting, data, random_state):
    return estimator((4,), max_iter=3, random_state=random_state, **setting).fit(*data)


@each_class
@each_setting
def test_the_same_seed_gives_the_same_bits(estimator, setting, iris):
    one, again = (fitted(estimator, setting, iris, 5) for _ in range(2))
    assert_array_equal(one.predict(iris[0]), again.predict(iris[0]))
    for ours, theirs in zip(one.coefs_, again.coefs_, strict=True):
        assert_array_equal(ours, theirs)


@each_class
@each_setting
def test_another_seed_gives_another_network(estimator, setting, iris):
    one, other = (fitted(estimator, setting, iris, seed) for seed in (5, 6))
    assert (one.coefs_[0] != other.coefs_[0]).any()


@pytest.mark.parametrize(
    ("estimator", "seed"),
    [(BPNetClassifier, None), (BPNetRegressor, 3), (BPNetClassifier, "instance")],
)
@each_setting
def test_the_global_random_state_is_left_alone(estimator, setting, seed, iris):
    np.random.seed(42)  # noqa: NPY002 (the legacy global state is the subject)
    kind, before, *rest = np.random.get_state()  # noqa: NPY002
    random_state = np.random.RandomState(1) if seed == "instance" else seed
    model = fitted(estimator, setting, iris, random_state)
    model.predict(iris[0])
    now_kind, now, *now_rest = np.random.get_state()  # noqa: NPY002
    assert_array_equal(now, before)
    assert (now_kind, now_rest) == (kind, rest)


@pytest.fixture
def fresh_entropy():
    """In this file ``random_state=None`` is what it is for users."""


@each_class
def test_no_seed_gives_a_new_network_every_time(estimator, iris):
    np.random.seed(42)  # noqa: NPY002 (must have no influence)
    one = fitted(estimator, {}, iris, None)
    np.random.seed(42)  # noqa: NPY002
    other = fitted(estimator, {}, iris, None)
    assert (one.coefs_[0] != other.coefs_[0]).any()


@each_class
@each_setting
def test_a_random_state_instance_is_drawn_from(estimator, setting, iris):
    shared = np.random.RandomState(0)
    first, second = (fitted(estimator, setting, iris, shared) for _ in range(2))
    again = fitted(estimator, setting, iris, np.random.RandomState(0))
    assert_array_equal(first.coefs_[0], again.coefs_[0])
    assert (first.coefs_[0] != second.coefs_[0]).any()


@each_class
def test_the_seed_means_the_same_in_every_dtype(estimator, iris):
    model = estimator((4,), learning_rate_init=1e-12, max_iter=1, random_state=0)
    single, double = (
        clone(model).set_params(dtype=dtype).fit(*iris)
        for dtype in ("float32", "float64")
    )
    assert_array_equal(single.coefs_[0], double.coefs_[0].astype(np.float32))


@each_class
def test_fit_leaves_the_parameters_alone(estimator, iris):
    seed = np.random.RandomState(0)
    model = estimator([4, 3], random_state=seed, max_iter=1)
    before = dict(model.get_params())
    model.fit(*iris)
    assert model.get_params() == before
    assert model.random_state is seed
