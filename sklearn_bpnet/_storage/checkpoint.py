"""Checkpoints: an estimator in training as one file, written whole or not at all.

The file is a line of text, with a SHA-256 of all that follows, and a NumPy archive
(.npz) of plain arrays. One of them is the UTF-8 of a JSON header: versions, the
estimator's parameters and attributes. Nothing is pickled, so reading runs no code but
the constructors of this package's own classes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sklearn_bpnet import _ensemble, _fitted
from sklearn_bpnet._json_tree import NotPortableError, decode, encode

_FORMAT = 1
_FIRST_LINE = "sklearn_bpnet checkpoint {format} sha256 {digest}\n"
# What is rebuilt from the parameters, or belongs to one call only
_LEFT_OUT = ("_network", "_loss", "_resumes", "_classes_preset", "estimators_")


def write(estimator, path, version):
    """Write a fitted estimator to ``path``; a crash leaves the file before whole.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Fitted, or in training.
    path : str or Path
        The file. Beside it, for the time of writing, there is one with ".part" added.
    version : str
        Of the package.
    """
    path = Path(path)
    content = _content(estimator, version)
    digest = hashlib.sha256(content).hexdigest()
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            file.write(_FIRST_LINE.format(format=_FORMAT, digest=digest).encode())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _content(estimator, version):
    arrays: dict[str, Any] = {}
    header: dict[str, Any] = {
        "class": type(estimator).__name__,
        "version": version,
        "parameters": {},
        "not_portable": {},
    }
    parameters = estimator.get_params(deep=False)
    for name, value in parameters.items():
        try:
            header["parameters"][name] = encode(value, arrays)
        except NotPortableError:
            header["not_portable"][name] = repr(value)
    header["attributes"] = _attributes(estimator, arrays)
    if (members := vars(estimator).get("estimators_")) is not None:
        header["members"] = [
            [member.random_state, _attributes(member, arrays)] for member in members
        ]
    text = json.dumps(header).encode()
    archive = io.BytesIO()
    np.savez(archive, header=np.frombuffer(text, dtype=np.uint8), **arrays)
    return archive.getvalue()


def _attributes(estimator, arrays):
    return {
        name: encode(value, arrays)
        for name, value in _fitted.learned(estimator).items()
        if name not in _LEFT_OUT
    }


def _sync_folder(folder):
    """Make the new name last, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read(cls, path, parameters):
    """The estimator that was written to ``path``.

    Parameters
    ----------
    cls : type
        Its class.
    path : str or Path
        The file.
    parameters : dict
        Parameters in place of those in the file.

    Raises
    ------
    ValueError
        If the file is no checkpoint, is damaged, holds another class or a parameter
        that cannot be stored and is not given.
    """
    header, arrays = _opened(path)
    if header["class"] != cls.__name__:
        raise ValueError(
            f"{path} holds a {header['class']}. Use {header['class']}.load_checkpoint."
        )
    missing = header["not_portable"].keys() - parameters.keys()
    if missing:
        name = sorted(missing)[0]
        raise ValueError(
            f"A checkpoint cannot hold {name}={header['not_portable'][name]}. Give it "
            f"again: {cls.__name__}.load_checkpoint(path, {name}=...)."
        )
    known = {name: decode(v, arrays) for name, v in header["parameters"].items()}
    estimator = cls(**(known | parameters))
    for name, form in header["attributes"].items():
        setattr(estimator, name, decode(form, arrays))
    if "members" in header:
        estimator.estimators_ = []
        for random_state, attributes in header["members"]:
            member = cls(**_ensemble.parameters(estimator, random_state))
            for name, form in attributes.items():
                setattr(member, name, decode(form, arrays))
            estimator.estimators_.append(member)
    return estimator


def _opened(path):
    """Header and arrays of a file that is whole."""
    content = Path(path).read_bytes()
    line, _, content = content.partition(b"\n")
    words = line.decode("ascii", errors="replace").split(" ")
    if words[:2] != ["sklearn_bpnet", "checkpoint"] or len(words) != 5:
        raise ValueError(f"{path} is no checkpoint of sklearn_bpnet, or it is damaged.")
    if words[4] != hashlib.sha256(content).hexdigest() or words[3] != "sha256":
        raise ValueError(
            f"{path} is damaged: its checksum does not match its content. It was cut "
            "short or changed after it was written."
        )
    if words[2] != str(_FORMAT):
        raise ValueError(
            f"{path} has the format {words[2]}; this version of sklearn_bpnet reads "
            f"the format {_FORMAT}."
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = dict(archive)
        header = json.loads(arrays.pop("header").tobytes())
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path} is no checkpoint of sklearn_bpnet.") from error
    return header, arrays
