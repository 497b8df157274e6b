"""Options: parameters of an estimator with several fields.

A parameter such as ``dropout`` takes a plain value, ``dropout=0.2``, or an object with
further fields, ``dropout=Dropout(0.2, schedule="flat_cosine")``. The fields are nested
parameters: ``set_params(dropout__schedule="flat_cosine")`` replaces the plain value by
the object.
"""

from sklearn_bpnet.options.base import Option
from sklearn_bpnet.options.embedding import CategoricalEmbedding
from sklearn_bpnet.options.initialization import Initialization
from sklearn_bpnet.options.noise import Dropout, WeightDecay
from sklearn_bpnet.options.validation import EarlyStopping, MemberFolds

__all__ = [
    "CategoricalEmbedding",
    "Dropout",
    "EarlyStopping",
    "Initialization",
    "MemberFolds",
    "Option",
    "WeightDecay",
]
