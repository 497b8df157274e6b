"""Looking into trainings and trained networks; matplotlib only where one draws."""

from sklearn_bpnet.inspection.learning_rate import (
    LearningRateDisplay,
    find_learning_rate,
)

__all__ = ["LearningRateDisplay", "find_learning_rate"]
