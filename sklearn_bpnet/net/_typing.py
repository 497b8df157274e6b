"""The types of the mathematics: arrays, and the operand a first layer multiplies."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Operand(Protocol):
    """What stands for A[0] = X: an array, a CSR matrix, anything with ``@``, ``T``."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def T(self) -> Any: ...

    def __matmul__(self, other: Any) -> Any: ...
