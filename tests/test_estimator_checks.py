"""scikit-learn's own estimator checks, for both classes and the settings that matter.

Imports nothing beyond NumPy, SciPy, scikit-learn and pytest: the run against the
oldest supported versions executes this module too.
"""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # the checks set parameters wherever an estimator has them, used or not
    pytest.mark.filterwarnings("ignore:.* has no effect with solver:UserWarning"),
]

BOTH = [BPNetClassifier, BPNetRegressor]
SETTINGS = [
    {},
    {"solver": "sgd"},
    {"solver": "lbfgs", "alpha": 1e-5},  # where all rows fit, ways there do not matter
    {"l1_ratio": 0.5},
    {"activation": "gelu"},
    {"activation": "prelu"},
    {"activation": "tanh"},
    # larger steps magnify the roundings in which a weight of two and two rows differ
    {
        "hidden_layer_sizes": (),
        "alpha": 1e-5,
        "learning_rate": "constant",
        "learning_rate_init": 0.001,
        "max_iter": 200,
    },
    {"n_members": 2},
]

RANDOM_SPLIT = (
    "the validation split is random: a row of weight two falls on one side, two "
    "equal rows may fall on both"
)
OWN_NOISE = "a row of weight two draws noise once, two equal rows twice"
GOES_ON = "fits twice and expects the second fit to start again"


def expected_failed_checks(estimator):
    """What cannot hold, each with its reason."""
    if estimator.early_stopping or estimator.dropout:
        reason = OWN_NOISE if estimator.dropout else RANDOM_SPLIT
        return {
            "check_sample_weight_equivalence_on_dense_data": reason,
            "check_sample_weight_equivalence_on_sparse_data": reason,
        }
    if estimator.warm_start:
        checks = {"check_supervised_y_2d": GOES_ON}
        if isinstance(estimator, BPNetClassifier):
            checks["check_classifiers_multilabel_representation_invariance"] = GOES_ON
        return checks
    return {}


def each_check(estimators, **kwargs):
    """As parametrize_with_checks, in the form that pytest wants: no generator."""
    mark = parametrize_with_checks(estimators, **kwargs)
    names, checks = mark.args
    return pytest.mark.parametrize(names, list(checks), **mark.kwargs)


@each_check(
    [
        *(estimator(**setting) for estimator in BOTH for setting in SETTINGS),
        BPNetClassifier(class_weight="balanced"),
    ]
)
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


@each_check(
    [
        estimator(**setting)
        for estimator in BOTH
        for setting in (
            {"early_stopping": True},
            {"warm_start": True},
            {"dropout": 0.2},
        )
    ],
    expected_failed_checks=expected_failed_checks,
)
def test_every_check_that_can_hold_passes(estimator, check):
    check(estimator)
