"""Everything in scikit-learn that is private or depends on its version.

No other module imports from scikit-learn what is not public.
"""

from sklearn_bpnet._sklearn_compat.callbacks import CallbackContexts
from sklearn_bpnet._sklearn_compat.estimators import (
    HAS_CALLBACKS,
    BaseEstimator,
    CallbackSupportMixin,
    ClassifierMixin,
    HasMethods,
    Interval,
    Options,
    RegressorMixin,
    SuggestingEstimator,
    available_if,
    fit_context,
    validate_parameters,
)
from sklearn_bpnet._sklearn_compat.scorers import (
    needs_exclusive_classes,
    response_methods,
    with_classes,
)
from sklearn_bpnet._sklearn_compat.searches import filters_of_search
from sklearn_bpnet._sklearn_compat.tables import (
    Header,
    check_columns,
    feature_names,
    is_nested,
    validated_features,
)
from sklearn_bpnet._sklearn_compat.weights import check_sample_weight

__all__ = [
    "HAS_CALLBACKS",
    "BaseEstimator",
    "CallbackContexts",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "HasMethods",
    "Header",
    "Interval",
    "Options",
    "RegressorMixin",
    "SuggestingEstimator",
    "available_if",
    "check_columns",
    "check_sample_weight",
    "feature_names",
    "filters_of_search",
    "fit_context",
    "is_nested",
    "needs_exclusive_classes",
    "response_methods",
    "validate_parameters",
    "validated_features",
    "with_classes",
]
