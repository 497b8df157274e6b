"""Inspection of training and of trained networks; only plots need matplotlib."""

from sklearn_bpnet._summary import Summary
from sklearn_bpnet.inspection.activation import ActivationDisplay, LayerActivations
from sklearn_bpnet.inspection.gradient import GradientDisplay
from sklearn_bpnet.inspection.hidden_features import HiddenFeatures
from sklearn_bpnet.inspection.learning_rate import (
    LearningRateDisplay,
    find_learning_rate,
)
from sklearn_bpnet.inspection.network_diagram import NetworkDisplay
from sklearn_bpnet.inspection.training_curve import TrainingCurveDisplay
from sklearn_bpnet.inspection.weights import WeightsDisplay

__all__ = [
    "ActivationDisplay",
    "GradientDisplay",
    "HiddenFeatures",
    "LayerActivations",
    "LearningRateDisplay",
    "NetworkDisplay",
    "Summary",
    "TrainingCurveDisplay",
    "WeightsDisplay",
    "find_learning_rate",
]
