"""Schedules: the factor of a learning rate, or another number, during training.

Every module of schedules lists its classes in ``__all__`` and its names in ``ENTRIES``.
"""

from sklearn_bpnet.training.schedules import by_epoch, by_fraction, composed
from sklearn_bpnet.training.schedules.base import Schedule, TrainingTime
from sklearn_bpnet.training.schedules.by_epoch import *  # noqa: F403
from sklearn_bpnet.training.schedules.by_fraction import *  # noqa: F403
from sklearn_bpnet.training.schedules.composed import *  # noqa: F403

__all__ = ["Schedule", "TrainingTime"]
__all__ += by_epoch.__all__
__all__ += by_fraction.__all__
__all__ += composed.__all__
