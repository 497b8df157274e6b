"""Optimisers: steps on the flat vector theta, in place.

Every module of rules lists its classes in ``__all__`` and its names in ``ENTRIES``.
"""

from sklearn_bpnet.net.registry import Registry
from sklearn_bpnet.training.optimizers import (
    adam,
    adaptive,
    gradient_descent,
    schedule_free,
    sign,
)
from sklearn_bpnet.training.optimizers.adam import *  # noqa: F403
from sklearn_bpnet.training.optimizers.adaptive import *  # noqa: F403
from sklearn_bpnet.training.optimizers.base import Optimizer, Proximal, State
from sklearn_bpnet.training.optimizers.gradient_descent import *  # noqa: F403
from sklearn_bpnet.training.optimizers.schedule_free import *  # noqa: F403
from sklearn_bpnet.training.optimizers.sign import *  # noqa: F403

__all__ = ["OPTIMIZERS", "Optimizer", "Proximal", "State"]
__all__ += adam.__all__
__all__ += adaptive.__all__
__all__ += gradient_descent.__all__
__all__ += schedule_free.__all__
__all__ += sign.__all__

OPTIMIZERS: Registry[Optimizer] = Registry(
    "solver",
    Optimizer,  # type: ignore[type-abstract]
    gradient_descent.ENTRIES
    | adaptive.ENTRIES
    | adam.ENTRIES
    | schedule_free.ENTRIES
    | sign.ENTRIES,
)
