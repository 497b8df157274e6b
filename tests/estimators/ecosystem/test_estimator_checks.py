"""scikit-learn's own estimator checks, for both classes and the settings that matter.

The defaults and a full-batch solver pass every check. A setting that changes one part
of an estimator passes the checks that ask for this part.

Imports nothing beyond NumPy, SciPy, scikit-learn and pytest: the run against the
oldest supported versions executes this module too.
"""

import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # the checks set parameters wherever an estimator has them, used or not
    pytest.mark.filterwarnings("ignore:.* has no effect with solver:UserWarning"),
]

BOTH = [BPNetClassifier, BPNetRegressor]
IN_FULL = [
    {},
    {"solver": "lbfgs", "alpha": 1e-5},  # where all rows fit, ways there do not matter
]

# What trains in earnest, on data of several kinds
TRAINING = {
    "check_classifiers_train",
    "check_regressors_train",
    "check_fit2d_1sample",
    "check_fit2d_1feature",
    "check_fit_idempotent",
}
# A sample of weight two is two samples
WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
# The fitted attributes: complete, picklable, of any number of outputs
ATTRIBUTES = {
    "check_classifiers_one_label",
    "check_classifiers_multilabel_output_format_predict_proba",
    "check_decision_proba_consistency",
    "check_regressor_multioutput",
    "check_dict_unchanged",
    "check_estimators_pickle",
    "check_estimators_partial_fit_n_features",
    "check_methods_subset_invariance",
    "check_n_features_in",
}
# Fits of one estimator, one after another
REPEATED = {
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_fit_check_is_fitted",
    "check_n_features_in_after_fitting",
}

SETTINGS = [
    ({"solver": "sgd"}, TRAINING | WEIGHTS),
    ({"l1_ratio": 0.5}, TRAINING | WEIGHTS),
    ({"activation": "prelu"}, TRAINING | WEIGHTS | ATTRIBUTES),
    # Adam's steps magnify the roundings in which a weight of two and two rows differ
    ({"hidden_layer_sizes": ()}, TRAINING | ATTRIBUTES),
    ({"hidden_layer_sizes": (), "solver": "sgd"}, WEIGHTS),
    ({"n_members": 2}, TRAINING | WEIGHTS | ATTRIBUTES | REPEATED),
    ({"shared_members": 2}, TRAINING | WEIGHTS | ATTRIBUTES | REPEATED),
    # a sample of weight two falls on one side of the random split or draws noise once;
    # two equal samples may fall on both and draw twice: no check of WEIGHTS can hold
    ({"early_stopping": True}, TRAINING | ATTRIBUTES),
    ({"dropout": 0.2}, TRAINING | ATTRIBUTES),
    # two checks fit twice and expect the second fit to start again:
    # check_supervised_y_2d, check_classifiers_multilabel_representation_invariance
    ({"warm_start": True}, TRAINING | WEIGHTS | ATTRIBUTES | REPEATED),
]
# The checks of a score; where two fits are compared, and attributes, few epochs will do
SCORES = {
    "check_classifiers_train",
    "check_regressors_train",
    "check_class_weight_classifiers",
}
CLASS_WEIGHTS = TRAINING | {
    "check_class_weight_classifiers",
    "check_sample_weight_equivalence_on_dense_data",
    "check_classifiers_one_label_sample_weights",
    "check_all_zero_sample_weights_error",
}


def each_check(settings):
    """One case for each estimator and each of its checks; None stands for all."""
    cases = []
    for estimator, names in settings:
        mark = parametrize_with_checks([estimator])
        arguments, checks = mark.args
        for case in checks:
            check = case[1]  # a partial of a function, perhaps of a read-only table
            name = check.func.__name__
            if names is not None and (name not in names or check.keywords):
                continue
            if names is not None and name not in SCORES:
                case = clone(estimator).set_params(max_iter=8), check
            cases.append(case)
    return pytest.mark.parametrize(arguments, cases, **mark.kwargs)


@each_check([(cls(**setting), None) for cls in BOTH for setting in IN_FULL])
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


@each_check(
    [
        *((cls(**setting), names) for cls in BOTH for setting, names in SETTINGS),
        (BPNetClassifier(class_weight="balanced"), CLASS_WEIGHTS),
    ]
)
def test_checks_of_what_a_setting_changes_pass(estimator, check):
    check(estimator)
