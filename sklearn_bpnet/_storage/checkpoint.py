"""Checkpoints: an estimator in training as one file, written atomically.

The file is a line of text, with a SHA-256 checksum of all that follows, and a NumPy
archive (.npz) of plain arrays. One of the arrays is a JSON header in UTF-8: versions,
the parameters of the estimator and what it learned. Nothing is pickled. Reading runs no
code but the constructors of this package's classes, which are identified by kind and
name.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sklearn_bpnet._storage.json_tree import NotPortableError, decode, encode
from sklearn_bpnet._storage.replacing import replace

_FORMAT = 1
_FIRST_LINE = "sklearn_bpnet checkpoint {format} sha256 {digest}\n"


@dataclass(frozen=True)
class Record:
    """The content of a checkpoint.

    Parameters
    ----------
    class_name : str
        Name of the estimator's class.
    version : str
        Version of the package that wrote it.
    parameters : dict of str to object
        Parameters of the constructor.
    names : dict of str to object
        Number and names of the features, as fitted attributes.
    fitted : dict of str to object
        What the estimator learned: ``Fitted.record``.
    """

    class_name: str
    version: str
    parameters: dict[str, Any]
    names: dict[str, Any]
    fitted: dict[str, Any]


def write(record: Record, path: Path) -> None:
    """Write a record to ``path``; a crash leaves the previous file intact."""
    content = _content(record)
    digest = hashlib.sha256(content).hexdigest()
    first_line = _FIRST_LINE.format(format=_FORMAT, digest=digest).encode()
    replace(path, (first_line, content))


def _content(record: Record) -> bytes:
    """The archive of a record."""
    arrays: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    not_portable: dict[str, str] = {}
    for name, value in record.parameters.items():
        try:
            parameters[name] = encode(value, arrays)
        except NotPortableError:
            not_portable[name] = repr(value)
    header = {
        "class": record.class_name,
        "version": record.version,
        "parameters": parameters,
        "not_portable": not_portable,
        "names": encode(record.names, arrays),
        "fitted": encode(record.fitted, arrays),
    }
    text = json.dumps(header).encode()
    archive = io.BytesIO()
    np.savez(archive, header=np.frombuffer(text, dtype=np.uint8), **arrays)
    return archive.getvalue()


def read(path: Path, class_name: str, parameters: Mapping[str, Any]) -> Record:
    """Read the record in the file ``path``.

    Parameters
    ----------
    path : Path
        The file.
    class_name : str
        Name of the expected class.
    parameters : mapping
        Parameters that replace those in the file.

    Returns
    -------
    Record

    Raises
    ------
    ValueError
        If the file is not a checkpoint, is damaged or holds another class, or if a
        parameter that cannot be stored is not given.
    """
    header, arrays = _opened(path)
    written = header["class"]
    if written != class_name:
        raise ValueError(f"{path} holds a {written}. Use {written}.load_checkpoint.")
    missing = header["not_portable"].keys() - parameters.keys()
    if missing:
        name = sorted(missing)[0]
        raise ValueError(
            f"A checkpoint cannot hold {name}={header['not_portable'][name]}. Pass it "
            f"again: {class_name}.load_checkpoint(path, {name}=...)."
        )
    known = {name: decode(v, arrays) for name, v in header["parameters"].items()}
    return Record(
        written,
        header["version"],
        known | dict(parameters),
        decode(header["names"], arrays),
        decode(header["fitted"], arrays),
    )


def _opened(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and arrays of a file, after its checksum is verified."""
    content = path.read_bytes()
    line, _, content = content.partition(b"\n")
    words = line.decode("ascii", errors="replace").split(" ")
    if words[:2] != ["sklearn_bpnet", "checkpoint"] or len(words) != 5:
        raise ValueError(
            f"{path} is not a checkpoint of sklearn_bpnet, or it is damaged."
        )
    if words[4] != hashlib.sha256(content).hexdigest() or words[3] != "sha256":
        raise ValueError(
            f"{path} is damaged: its checksum does not match its content. It was "
            "truncated or changed after it was written."
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
        raise ValueError(f"{path} is not a checkpoint of sklearn_bpnet.") from error
    return header, arrays
