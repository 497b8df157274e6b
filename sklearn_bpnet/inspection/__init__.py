"""Inspection of training and of trained networks; only plots need matplotlib."""

from sklearn_bpnet.inspection.learning_rate import (
    LearningRateDisplay,
    find_learning_rate,
)

__all__ = ["LearningRateDisplay", "find_learning_rate"]
