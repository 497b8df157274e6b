"""Early stopping on few samples: which of them can be held out."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_fraction = pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 0.99])


def early(estimator, fraction=0.1, seed=0, **kwargs):
    kwargs |= {"validation_fraction": fraction, "random_state": seed}
    return estimator((3,), early_stopping=True, max_iter=3, **kwargs)


def inputs(n):
    return np.random.default_rng(0).normal(size=(n, 2))


def too_small(n_needed, n_samples):
    return rf"set is too small.*at least {n_needed} in all; got n_samples={n_samples} "


@pytest.mark.parametrize(
    "y",
    [
        [0, 0, 0, 0, 1],
        [0, 0, 0, 1, 2],
        [0, 0, 1, 1],
        [0, 0, 1, 1, 2],
        [2, 1, 0, 0, 0, 3],
        [0] * 8 + [1, 2, 3, 4],
        [0, 0, 0],
    ],
    ids=str,
)
@each_fraction
@pytest.mark.parametrize("seed", range(3))
def test_f17_two_samples_are_held_out_and_every_class_keeps_one(
    y, fraction, seed, splits
):
    n = len(y)
    # the last sample, of another class, has no weight: one class may be left
    X, labels, weights = inputs(n + 1), np.r_[y, 1 - y[-1]], np.r_[np.ones(n), 0]
    early(BPNetClassifier, fraction, seed).fit(X, labels, weights)
    [(training, validation)] = splits
    assert len(validation) >= 2
    assert set(labels[training]) == set(y)
    assert_array_equal(np.sort(np.r_[training, validation]), np.arange(n))


@pytest.mark.parametrize(
    ("y", "n_needed"),
    [
        ([0, 1], 4),
        ([0, 0, 1], 4),
        ([0, 1, 2], 5),
        ([0, 0, 1, 2, 3], 6),
        ([0, 1, 2, 3, 4], 7),
    ],
    ids=str,
)
@each_fraction
def test_f17_the_message_names_the_number_of_samples(y, n_needed, fraction):
    y = np.array(y)
    clf = early(BPNetClassifier, fraction)
    with pytest.raises(ValueError, match=too_small(n_needed, len(y))):
        clf.fit(inputs(len(y)), y)
    # with that many it fits, whatever the class of the others
    for label in range(y.max() + 1):
        enough = np.r_[y, np.full(n_needed - len(y), label)]
        clf.fit(inputs(n_needed), enough)


@pytest.mark.parametrize("kind", ["regression", "label indicators"])
@each_fraction
def test_f17_without_classes_three_samples_are_enough(kind, fraction):
    estimator, y = BPNetRegressor, np.arange(3.0)
    if kind == "label indicators":
        estimator, y = BPNetClassifier, np.array([[0, 1], [1, 1], [1, 0]])
    model = early(estimator, fraction).fit(inputs(3), y)
    assert np.isfinite(model.validation_scores_).all()
    with pytest.raises(ValueError, match=too_small(3, 2)):
        model.fit(inputs(2), y[:2])
    with pytest.raises(ValueError, match=too_small(3, 2)):
        model.fit(inputs(3), y, [1, 0, 1])


@pytest.mark.parametrize("n", [5, 6, 7, 9])
def test_f17_bags_of_few_samples(n):
    """Every draw of a bag either fits or names the number that it takes."""
    y = np.repeat([0, 1], [9, 3])
    X, n_fitted = inputs(len(y)), 0
    for seed in range(8):
        bag = BaggingClassifier(
            early(BPNetClassifier), n_estimators=1, max_samples=n, random_state=seed
        )
        [drawn] = (np.unique(s) for s in _samples(bag, X, y))
        n_classes = len(np.unique(y[drawn]))
        if len(drawn) >= n_classes + 2:
            bag.fit(X, y)
            n_fitted += 1
        else:
            with pytest.raises(ValueError, match=too_small(n_classes + 2, len(drawn))):
                bag.fit(X, y)
    assert n_fitted


def _samples(bag, X, y):
    """The samples that a bag draws, from a bag of estimators that always fit."""
    always = bag.estimator.__class__((3,), max_iter=1)
    kind = type(bag)
    other = kind(
        always,
        n_estimators=bag.n_estimators,
        max_samples=bag.max_samples,
        random_state=bag.random_state,
    ).fit(X, y)
    return other.estimators_samples_


def test_f17_bags_for_regression():
    X, y = inputs(12), np.arange(12.0)
    for seed in range(5):
        bag = BaggingRegressor(
            early(BPNetRegressor), n_estimators=1, max_samples=5, random_state=seed
        )
        [drawn] = (np.unique(s) for s in _samples(bag, X, y))
        assert len(drawn) >= 3
        bag.fit(X, y)


# Groups


@pytest.mark.parametrize(
    "groups",
    [
        [0, 1, 1, 1, 1],
        [0, 0, 0, 0, 1],
        [0, 1, 2],
        [0, 0, 1],
        [0, 1, 2, 3, 4, 5],
        [0, 0, 0, 1, 2, 2, 2],
        list("abcd"),
    ],
    ids=str,
)
@each_fraction
@pytest.mark.parametrize("seed", range(3))
def test_f17_few_groups_are_held_out(groups, fraction, seed, splits):
    n = len(groups)
    early(BPNetRegressor, fraction, seed).fit(
        inputs(n), np.arange(float(n)), groups=groups
    )
    [(training, validation)] = splits
    groups = np.array(groups)
    assert len(training) >= 1
    assert len(validation) >= 2
    assert not set(groups[training]) & set(groups[validation])
    assert_array_equal(np.sort(np.r_[training, validation]), np.arange(n))


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.6])
def test_f17_many_groups_are_split_as_scikit_learn_does(fraction, splits):
    groups = np.repeat(np.arange(20), 3)
    reg = early(BPNetRegressor, fraction).fit(
        inputs(60), np.arange(60.0), groups=groups
    )
    seed = reg._fitted.state.validation_seed
    splitter = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
    expected = next(splitter.split(groups, groups=groups))
    for ours, theirs in zip(splits[0], expected, strict=True):
        assert_array_equal(ours, np.sort(theirs))


@pytest.mark.parametrize("groups", [[0, 0, 0, 0], [0, 1]], ids=str)
@each_fraction
def test_f17_groups_that_cannot_be_held_out(groups, fraction):
    n = len(groups)
    message = rf"too small.*two groups and 2 samples.*n_groups=\d and n_samples={n}"
    with pytest.raises(ValueError, match=message):
        early(BPNetRegressor, fraction).fit(
            inputs(n), np.arange(float(n)), groups=groups
        )


@pytest.mark.parametrize(
    "splitter",
    [
        StratifiedKFold(5),
        KFold(10),
        GroupKFold(3),
        PredefinedSplit([-1] * 6),
        StratifiedShuffleSplit(1, test_size=0.1),
    ],
    ids=lambda splitter: type(splitter).__name__,
)
def test_f17_a_splitter_that_cannot_split_is_named(splitter):
    clf = early(BPNetClassifier, splitter)
    name = type(splitter).__name__
    message = rf"validation_fraction={name}.* cannot split the 6 samples: \w"
    with pytest.raises(ValueError, match=message):
        clf.fit(inputs(6), [0, 0, 0, 1, 1, 1])
