"""What "auto" stands for in the parameters that follow the table.

These are the size of the network, its numeric embedding, the members that share its
weights, the scaling of the features and the number of epochs. The evidence
is in the guide, on "Choosing parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt
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
# single columns can be learned.
FEWEST_TO_EMBED = 40
_SAMPLES_PER_COLUMN = 20
_MOST_COLUMNS = 100
# Members that share weights make classifiers better, and regressors of few samples.
_MEMBERS = {"classification": 8, "regression": 4}
_FEWEST_TO_SHARE, _MOST_TO_SHARE = 40, {"classification": inf, "regression": 2000}
_MOST_INPUTS_TO_SHARE = 200  # without an embedding; more would take long
# Each hidden layer has fewer units if it has many members to serve.
_SIZE, _SIZE_OF_SHARED = 128, 96
# Normal features make classifiers better that have samples enough for the quantiles.
_FEWEST_TO_RANK = 1500
_EPOCHS, _EPOCHS_WITH_DROPOUT = 30, 50
_FEWEST_EPOCHS, _SAMPLES_OF_USUAL_EPOCHS = 10, 50_000
# Below so many samples an epoch has few steps, so that there are up to so many times as
# many epochs; in a regression with an embedding, which learns functions, more.
_FEW_SAMPLES, _MOST_EPOCHS = 1000, 3.0
_FEW_TO_EMBED, _MOST_EPOCHS_TO_EMBED = 1250, {"classification": 2.0, "regression": 16.0}


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
        least = max(FEWEST_TO_EMBED, _SAMPLES_PER_COLUMN * self.n_numeric)
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
    usual = choices | {"max_iter": round(USUAL["max_iter"] * _factor_of_few(facts))}
    # sizes that are given describe the whole network
    if not isinstance(settings.hidden_layer_sizes, str):
        return usual
    if _may_embed(settings, facts):
        choices["numeric_embedding"] = "pbld"
    if _may_share(settings, facts):
        choices["shared_members"] = _MEMBERS[facts.task]
    chosen = settings.chosen(choices)
    embeds = chosen.numeric_embedding is not None and facts.is_embeddable
    shares = chosen.shared_members is not None
    if not embeds and (choices["shared_members"] is None or not shares):
        return usual
    if not embeds and facts.task == "regression":
        return usual | {"shared_members": choices["shared_members"]}
    size = _SIZE_OF_SHARED if shares else _SIZE
    epochs = _EPOCHS_WITH_DROPOUT if any(_dropout_rates(settings)) else _EPOCHS
    choices |= {
        "hidden_layer_sizes": (size,) * (2 if listed is None else listed),
        "max_iter": max(round(epochs * _factor_of_two_layers(facts)), _FEWEST_EPOCHS),
    }
    if embeds and facts.task == "classification" and facts.n_samples >= _FEWEST_TO_RANK:
        choices["input_scaling"] = "quantile"
    return choices


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


def _may_share(settings: Settings, facts: Facts) -> bool:
    """Whether members that share weights suit the table and the other parameters."""
    most = _MOST_TO_SHARE[facts.task]
    return (
        _FEWEST_TO_SHARE <= facts.n_samples <= most
        and (facts.is_embeddable or facts.n_inputs <= _MOST_INPUTS_TO_SHARE)
        and not facts.is_sparse
        and not facts.is_given
        and not settings.group_alpha
        and not _grows_exponentially(settings)
    )


def _grows_exponentially(settings: Settings) -> bool:
    """Whether all hidden units do, two layers of which diverge."""
    if _n_listed(settings) is not None:
        return False
    return ACTIVATIONS.resolve(settings.activation).grows_exponentially


def _factor_of_two_layers(facts: Facts) -> float:
    """How many times the usual number of epochs the larger network has."""
    n = facts.n_samples
    if n > _SAMPLES_OF_USUAL_EPOCHS:
        return sqrt(_SAMPLES_OF_USUAL_EPOCHS / n)
    return min(max(_FEW_TO_EMBED / n, 1.0), _MOST_EPOCHS_TO_EMBED[facts.task])


def _factor_of_few(facts: Facts) -> float:
    """How many times the usual number of epochs few samples need."""
    if solvers.is_wide(facts.n_samples, facts.n_inputs):
        return 1.0
    factor = _FEW_SAMPLES / max(facts.n_samples, 1)
    if facts.task == "classification":
        factor = sqrt(factor)
    return min(max(factor, 1.0), _MOST_EPOCHS)
