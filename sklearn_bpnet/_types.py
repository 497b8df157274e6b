"""Types of the arguments of public functions: tables, and values of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.blocks.embeddings import NumericEmbedding
from sklearn_bpnet.net.initializers import Initializer
from sklearn_bpnet.net.losses import Loss
from sklearn_bpnet.options import (
    CategoricalEmbedding,
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    WeightDecay,
)
from sklearn_bpnet.training.full_batch import FullBatchSolver
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.schedules import Schedule


class SparseMatrix(Protocol):
    """A matrix or array of ``scipy.sparse``, which has no type annotations."""

    def tocsr(self) -> Any: ...


class DataSet(Protocol):
    """A data set of ``pyarrow.dataset``, which has no type annotations."""

    @property
    def schema(self) -> Any: ...

    def get_fragments(self) -> Any: ...


class Splitter(Protocol):
    """A splitter of scikit-learn, such as ``TimeSeriesSplit()``."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Any: ...

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int: ...


# an array, lists of lists, also of several types, a dataframe (which has __array__), a
# sparse matrix
MatrixLike: TypeAlias = ArrayLike | Sequence[Sequence[Any]] | SparseMatrix
Path: TypeAlias = str | PathLike[str]
# X, which may also be larger than memory; collections of Dask have __array__
TableLike: TypeAlias = MatrixLike | Path | DataSet

Numbers: TypeAlias = Sequence[float] | NDArray[np.floating[Any]]
Sizes: TypeAlias = int | Sequence[int] | NDArray[np.integer[Any]] | Literal["auto"]
Function: TypeAlias = Callable[..., Any]
OneActivation: TypeAlias = str | Activation | tuple[Function, Function]
ActivationLike: TypeAlias = OneActivation | Sequence[OneActivation]
LossLike: TypeAlias = str | Loss | tuple[Function, Function]
InitializerLike: TypeAlias = str | Initializer | Initialization
SolverLike: TypeAlias = str | Optimizer | FullBatchSolver
ScheduleLike: TypeAlias = str | Callable[[float], float] | Schedule
DropoutLike: TypeAlias = float | Numbers | Dropout
Epochs: TypeAlias = int | Literal["auto"]
SharedMembers: TypeAlias = int | Literal["auto"] | None
WeightDecayLike: TypeAlias = float | WeightDecay | None
EarlyStoppingLike: TypeAlias = bool | EarlyStopping
MemberFoldsLike: TypeAlias = (
    int | Splitter | Sequence[tuple[ArrayLike, ArrayLike]] | MemberFolds | None
)
EmbeddingLike: TypeAlias = str | NumericEmbedding | None
AlphaLike: TypeAlias = float | Numbers | Literal["auto"]
BatchSize: TypeAlias = int | Literal["auto", "full"]
RateFactors: TypeAlias = Mapping[str, float | str | Sequence[float | str]]
CategoricalFeatures: TypeAlias = (
    str | Sequence[str] | Sequence[int] | Sequence[bool] | NDArray[Any] | None
)
CategoricalEmbeddingLike: TypeAlias = (
    int | Literal["auto"] | CategoricalEmbedding | None
)
InputScaling: TypeAlias = Literal["auto", "standard", "squash", "quantile"] | None
TargetScaling: TypeAlias = (
    Literal["auto", "standard"] | tuple[float, float] | list[float] | None
)
DType: TypeAlias = (
    Literal["auto", "input", "float32", "float64"] | type[np.float32] | type[np.float64]
)
ClassWeight: TypeAlias = (
    Mapping[Any, float] | Sequence[Mapping[Any, float]] | Literal["balanced"] | None
)
Classes: TypeAlias = ArrayLike | Sequence[Any]  # also one list per column
Scoring: TypeAlias = str | Callable[..., float] | None
RandomState: TypeAlias = int | np.random.RandomState | None
