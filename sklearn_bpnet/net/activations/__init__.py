"""Activation functions, by name, by instance or by a user-defined class.

To add an activation, edit one of the files here: a class, its name in the file's
``__all__``, and, to make it known by a name, an entry in the file's ``ENTRIES``. The
estimators' checks and messages, the gradient tests and the documentation's table
follow from the registry.
"""

from __future__ import annotations

from sklearn_bpnet.net.activations import base, classic, learned, rowwise, smooth
from sklearn_bpnet.net.activations.base import *  # noqa: F403
from sklearn_bpnet.net.activations.classic import *  # noqa: F403
from sklearn_bpnet.net.activations.learned import *  # noqa: F403
from sklearn_bpnet.net.activations.rowwise import *  # noqa: F403
from sklearn_bpnet.net.activations.smooth import *  # noqa: F403
from sklearn_bpnet.net.registry import Registry

__all__ = ["ACTIVATIONS"]
__all__ += base.__all__
__all__ += classic.__all__
__all__ += learned.__all__
__all__ += rowwise.__all__
__all__ += smooth.__all__

ACTIVATIONS: Registry[base.Activation] = Registry(
    "activation",
    base.Activation,  # type: ignore[type-abstract]
    {**classic.ENTRIES, **smooth.ENTRIES, **rowwise.ENTRIES, **learned.ENTRIES},
    from_functions=base.ElementWise,
)
