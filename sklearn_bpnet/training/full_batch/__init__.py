"""Full-batch training: L-BFGS and conjugate gradients, by SciPy.

Every module of solvers lists its classes in ``__all__`` and its names in ``ENTRIES``.
"""

from sklearn_bpnet.net.registry import Registry
from sklearn_bpnet.training.full_batch import conjugate_gradient, lbfgs
from sklearn_bpnet.training.full_batch.conjugate_gradient import *  # noqa: F403
from sklearn_bpnet.training.full_batch.coordinates import Orthant, SignSplit
from sklearn_bpnet.training.full_batch.lbfgs import *  # noqa: F403
from sklearn_bpnet.training.full_batch.risk import FullBatchRisk
from sklearn_bpnet.training.full_batch.solver import FullBatchSolver

__all__ = [
    "FULL_BATCH_SOLVERS",
    "FullBatchRisk",
    "FullBatchSolver",
    "Orthant",
    "SignSplit",
]
__all__ += conjugate_gradient.__all__
__all__ += lbfgs.__all__

FULL_BATCH_SOLVERS: Registry[FullBatchSolver] = Registry(
    "solver",
    FullBatchSolver,  # type: ignore[type-abstract]
    lbfgs.ENTRIES | conjugate_gradient.ENTRIES,
)
