"""Full-batch training: L-BFGS and conjugate gradients, by SciPy."""

from sklearn_bpnet.net.registry import Registry
from sklearn_bpnet.training.full_batch.conjugate_gradient import ConjugateGradient
from sklearn_bpnet.training.full_batch.coordinates import Orthant, SignSplit
from sklearn_bpnet.training.full_batch.lbfgs import LBFGS
from sklearn_bpnet.training.full_batch.risk import FullBatchRisk
from sklearn_bpnet.training.full_batch.solver import FullBatchSolver

__all__ = [
    "FULL_BATCH_SOLVERS",
    "LBFGS",
    "ConjugateGradient",
    "FullBatchRisk",
    "FullBatchSolver",
    "Orthant",
    "SignSplit",
]

FULL_BATCH_SOLVERS: Registry[FullBatchSolver] = Registry(
    "solver",
    FullBatchSolver,  # type: ignore[type-abstract]
    {"lbfgs": LBFGS(), "cg": ConjugateGradient()},
)
