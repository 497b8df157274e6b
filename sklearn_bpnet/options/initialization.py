"""The option of initial weights and biases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn_bpnet.net.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    BiasInitializer,
    Initializer,
)
from sklearn_bpnet.options.base import Option


@dataclass(frozen=True)
class Initialization(Option):
    """Initial weights and biases, for the parameter ``initializer``.

    Parameters
    ----------
    weights : str or Initializer, default="auto"
        Initialisation scheme of the weights. "auto" follows the activation of each
        layer.
    biases : str or BiasInitializer, default="zeros"
        Initialisation scheme of the biases.
    output : str, Initializer or None, default=None
        Initialisation scheme of the weights of the output layer; None means
        ``weights``. With "zeros", the biases of the layer are zero, too, so that the
        initial outputs are the same for all samples.

    Raises
    ------
    ValueError
        If a scheme is unknown.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import Initialization
    >>> start = Initialization("lecun_normal", biases="normal", output="zeros")
    >>> clf = BPNetClassifier(initializer=start)
    >>> clf.set_params(initializer__biases__deviation=0.1).initializer.biases
    NormalBiases(deviation=0.1)
    """

    weights: str | Initializer = "auto"
    biases: str | BiasInitializer = "zeros"
    output: str | Initializer | None = None

    def __post_init__(self) -> None:
        for name in ("weights", "biases", "output"):
            self._instance(name, getattr(self, name))

    def _instance(self, name: str, value: Any) -> Any:
        if name == "output" and value is None:
            return None
        return (BIAS_INITIALIZERS if name == "biases" else INITIALIZERS).resolve(value)
