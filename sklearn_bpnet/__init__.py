"""Multi-layer perceptrons for scikit-learn, by backpropagation in NumPy."""

from sklearn_bpnet._version import __version__
from sklearn_bpnet.classifier import BPNetClassifier
from sklearn_bpnet.objective import check_gradient, empirical_risk
from sklearn_bpnet.regressor import BPNetRegressor
from sklearn_bpnet.training.stochastic.config import config_context, get_config

#: What ``skops.io.load`` must trust to load a fitted estimator.
TRUSTED_TYPES = [
    f"{estimator.__module__}.{estimator.__qualname__}"
    for estimator in (BPNetClassifier, BPNetRegressor)
]

__all__ = [
    "TRUSTED_TYPES",
    "BPNetClassifier",
    "BPNetRegressor",
    "__version__",
    "check_gradient",
    "config_context",
    "empirical_risk",
    "get_config",
]
