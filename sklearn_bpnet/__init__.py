"""Multi-layer perceptrons for scikit-learn, by backpropagation in NumPy."""

from sklearn_bpnet._version import __version__
from sklearn_bpnet.classifier import BPNetClassifier
from sklearn_bpnet.objective import check_gradient, empirical_risk
from sklearn_bpnet.regressor import BPNetRegressor
from sklearn_bpnet.training.stochastic.config import config_context, get_config

__all__ = [
    "BPNetClassifier",
    "BPNetRegressor",
    "__version__",
    "check_gradient",
    "config_context",
    "empirical_risk",
    "get_config",
]
