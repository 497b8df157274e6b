"""The columns of a call: what its table is encoded with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sklearn_bpnet._data.encoder import ColumnEncoder, encode_samples
from sklearn_bpnet._data.learn_encoder import learn_encoder, means_in_call
from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.fitted import Fitted


def encode(call: Call, data: Data, names: Sequence[str] | None) -> None:
    """Encode the samples of a call, in place, and store the encoder in ``data``.

    Parameters
    ----------
    call : Call
        The call; a first one learns the encoder from the training samples.
    data : Data
        Training and validation samples.
    names : sequence of str or None
        Names of the columns.

    Raises
    ------
    ValueError
        If a column cannot be encoded.
    """
    if call.previous is None:
        apart = data.validation if data.split is None else None
        data.encoder = learn_encoder(
            call.settings,
            data.training,
            is_open_ended=call.open_ended,
            fills=apart is not None and apart.has_gaps,
            names=names,
        )
    else:
        data.encoder = _encoder_of_next(call, call.previous, data)
    encode_samples(data.encoder, data.training, "X", names)
    if data.validation is None:
        return
    if data.split is None:
        encode_samples(data.encoder, data.validation, "X_val", names)
        return
    training = data.training
    data.validation = replace(
        data.validation, X=training.X, n_codes=training.n_codes, levels={}
    )


def _encoder_of_next(call: Call, previous: Fitted, data: Data) -> ColumnEncoder:
    """The encoder of a further call.

    Columns whose scaling is not decided yet are filled with their mean in the call.
    """
    encoder, undecided = previous.encoder, previous.undecided
    if undecided is None or encoder.fill is None or call.resumes:
        return encoder
    n_numeric = len(encoder.numeric)
    columns = undecided.columns[undecided.columns < n_numeric]
    if not (call.open_ended and len(columns)):
        return encoder
    found = means_in_call(data.training, encoder.numeric[columns])
    is_seen = ~np.isnan(found)
    seen, fill = columns[is_seen], encoder.fill.copy()
    fill[seen] = found[is_seen]
    return replace(encoder, fill=fill, empty=np.setdiff1d(encoder.empty, seen))
