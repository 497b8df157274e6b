"""What "auto" stands for in the parameters that follow the table.

These are the size of the network, its numeric embedding, the members that share its
weights, the scaling of the features and the number of epochs. The evidence
is in the guide, on "Choosing parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType
from typing import Any, Literal

from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.registry import is_pair_of_functions

Choices = Mapping[str, Any]

# Without knowledge of the table, as in `partial_fit`
USUAL: Choices = MappingProxyType(
    {
        "hidden_layer_sizes": (100,),
        "numeric_embedding": None,
        "shared_members": None,
        "input_scaling": "standard",
        "max_iter": 100,
    }
)
# From how many samples on, and from how many per numeric column on, the functions of
# single columns can be learned. Below, embeddings make classifiers overconfident.
_SAMPLES_TO_EMBED = {"classification": 1500, "regression": 40}
FEWEST_TO_EMBED = min(_SAMPLES_TO_EMBED.values())
_SAMPLES_PER_COLUMN = 20
_MOST_COLUMNS = 100
# Of networks with an embedding. Members, and features that are normal, make
# classifiers better, and not regressors.
_SIZE = 128
_MEMBERS = {"classification": 4, "regression": None}
_SCALING = {"classification": "quantile", "regression": "standard"}
_EPOCHS, _EPOCHS_WITH_DROPOUT = 30, 50
_FEWEST_EPOCHS, _SAMPLES_OF_USUAL_EPOCHS = 10, 50_000
# Below so many samples an epoch has few steps, so that there are up to so many times as
# many epochs; with an embedding, which learns functions that need more of them, more.
_FEW_SAMPLES, _MOST_EPOCHS = 1000, 3.0
_FEW_TO_EMBED, _MOST_EPOCHS_TO_EMBED = 1250, 16.0


@dataclass(frozen=True)
class Facts:
    """What is known of a table.

    Parameters
    ----------
    task : {"classification", "regression"}
        What is learned.
    n_samples : int
        Number of training samples of positive weight.
    n_inputs : int
        Number of features of the encoded X; of X where only the scaling is chosen.
    n_numeric : int
        Number of numeric columns with more than two values; may be 0 where it does not
        matter, as with fewer samples than ``FEWEST_TO_EMBED``.
    is_sparse : bool, default=False
        Whether X is sparse.
    is_given : bool, default=False
        Whether initial weights are given, whose shapes define the network.
    """

    task: Literal["classification", "regression"]
    n_samples: int
    n_inputs: int
    n_numeric: int
    is_sparse: bool = False
    is_given: bool = False

    @property
    def is_embeddable(self) -> bool:
        """Whether there are samples enough to embed the numeric columns."""
        least = max(_SAMPLES_TO_EMBED[self.task], _SAMPLES_PER_COLUMN * self.n_numeric)
        return (
            not self.is_sparse
            and not self.is_given
            and 0 < self.n_numeric <= _MOST_COLUMNS
            and self.n_samples >= least
        )


def choose(settings: Settings, facts: Facts | None) -> Choices:
    """The values that "auto" stands for.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    facts : Facts or None
        The table; None if the first call shows a part of it only.

    Returns
    -------
    mapping of str to object
        A value for every key of ``USUAL``, whether the parameter is "auto" or not.
    """
    choices = dict(USUAL)
    listed = _n_listed(settings)
    if listed is not None:
        choices["hidden_layer_sizes"] *= listed
    if facts is None or not solvers.uses_mini_batches(settings):
        return choices
    factor = _factor_of_few(facts)
    # sizes that are given describe the whole network
    is_free = isinstance(settings.hidden_layer_sizes, str)
    if is_free and _may_embed(settings, facts):
        choices["numeric_embedding"] = "pbld"
    embedding = settings.chosen(choices).numeric_embedding
    if not is_free or embedding is None or not facts.is_embeddable:
        return choices | {"max_iter": round(USUAL["max_iter"] * factor)}
    factor = _factor_of_embedded(facts.n_samples)
    epochs = _EPOCHS_WITH_DROPOUT if any(_dropout_rates(settings)) else _EPOCHS
    return choices | {
        "hidden_layer_sizes": (_SIZE,) * (2 if listed is None else listed),
        "shared_members": _MEMBERS[facts.task],
        "input_scaling": _SCALING[facts.task],
        "max_iter": max(round(epochs * factor), _FEWEST_EPOCHS),
    }


def _dropout_rates(settings: Settings) -> tuple[float, ...]:
    """The rates of hidden units and of features."""
    dropout = settings.option("dropout")
    return (*dropout.rates, dropout.input_rate)


def _n_listed(settings: Settings) -> int | None:
    """How many hidden layers a list of activations is for; None if it is no list."""
    activation = settings.activation
    if isinstance(activation, (list, tuple)) and not is_pair_of_functions(activation):
        return len(activation)
    return None


def _may_embed(settings: Settings, facts: Facts) -> bool:
    """Whether an embedding suits the table and the other parameters."""
    return (
        facts.is_embeddable
        and not settings.group_alpha
        and settings.input_scaling is not None
        and not _grows_exponentially(settings)
    )


def _grows_exponentially(settings: Settings) -> bool:
    """Whether all hidden units do, two layers of which diverge."""
    if _n_listed(settings) is not None:
        return False
    return ACTIVATIONS.resolve(settings.activation).grows_exponentially


def _factor_of_embedded(n_samples: int) -> float:
    """How many times the usual number of epochs a network with an embedding has."""
    if n_samples > _SAMPLES_OF_USUAL_EPOCHS:
        return sqrt(_SAMPLES_OF_USUAL_EPOCHS / n_samples)
    return min(max(_FEW_TO_EMBED / n_samples, 1.0), _MOST_EPOCHS_TO_EMBED)


def _factor_of_few(facts: Facts) -> float:
    """How many times the usual number of epochs few samples need."""
    if solvers.is_wide(facts.n_samples, facts.n_inputs):
        return 1.0
    factor = _FEW_SAMPLES / max(facts.n_samples, 1)
    if facts.task == "classification":
        factor = sqrt(factor)
    return min(max(factor, 1.0), _MOST_EPOCHS)
