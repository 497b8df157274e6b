"""Checkpoints: an estimator in training as one file, written atomically.

The file is a line of text, with the format, the version of the package and a SHA-256
checksum of all that follows, and a NumPy archive (.npz) of plain arrays. One of the
arrays is a JSON header in UTF-8: the parameters of the estimator and what it learned.
Nothing is pickled. Reading runs no code but the constructors of this package's classes,
which are identified by kind and name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_bpnet._storage.archive import pack, unpack
from sklearn_bpnet._storage.json_tree import NotPortableError, decode, encode
from sklearn_bpnet._storage.replacing import replace

_FORMAT = 2
_FIRST_LINE = "sklearn_bpnet checkpoint {} version {} sha256 {}\n"
_ANY_FORMAT = re.compile(r"sklearn_bpnet checkpoint (\d+)(?: version (\S+))? ")
_THIS_FORMAT = re.compile(
    r"sklearn_bpnet checkpoint \d+ version \S+ sha256 ([0-9a-f]{64})\n"
)
_MAX_LINE = 1000  # bytes


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
    not_portable : dict of str to str, default={}
        The parameters that a file cannot hold, as text; only of a record that was read.
    """

    class_name: str
    version: str
    parameters: dict[str, Any]
    names: dict[str, Any]
    fitted: dict[str, Any]
    not_portable: dict[str, str] = field(default_factory=dict)


def write(record: Record, path: Path) -> None:
    """Write a record to ``path``; a crash leaves the previous file intact."""
    content = _content(record)
    digest = _digest(record.version, content)
    first_line = _FIRST_LINE.format(_FORMAT, record.version, digest).encode()
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
        "parameters": parameters,
        "not_portable": not_portable,
        "names": encode(record.names, arrays),
        "fitted": encode(record.fitted, arrays),
    }
    text = json.dumps(header).encode()
    return pack({"header": np.frombuffer(text, dtype=np.uint8), **arrays})


def _digest(version: str, content: bytes) -> str:
    """The checksum of a file."""
    return hashlib.sha256(version.encode() + b"\n" + content).hexdigest()


def read(path: Path, class_name: str, version: str, given: Collection[str]) -> Record:
    """Read the record in the file ``path``.

    Parameters
    ----------
    path : Path
        The file.
    class_name : str
        Name of the expected class.
    version : str
        Version of this package.
    given : collection of str
        Names of the parameters that are given in place of those in the file.

    Returns
    -------
    Record

    Raises
    ------
    ValueError
        If the file is not a checkpoint, is damaged or holds another class, or if a
        parameter that cannot be stored is not given.
    """
    written_by, content = _opened(path, version)
    with blame_on(path, written_by, version):
        arrays = unpack(content)
        header = json.loads(arrays.pop("header").tobytes())
        written, not_portable = header["class"], dict(header["not_portable"])
        parameters = {
            name: decode(form, arrays) for name, form in header["parameters"].items()
        }
        names, fitted = (decode(header[key], arrays) for key in ("names", "fitted"))
        record = Record(written, written_by, parameters, names, fitted, not_portable)
    if written != class_name:
        raise ValueError(f"{path} holds a {written}. Use {written}.load_checkpoint.")
    for name in sorted(not_portable.keys() - set(given)):
        raise ValueError(
            f"A checkpoint cannot hold {name}={not_portable[name]}. Pass it again: "
            f"{class_name}.load_checkpoint(path, {name}=...)."
        )
    return record


@contextmanager
def blame_on(path: Path, written_by: str, version: str) -> Iterator[None]:
    """Raise ValueError, with the versions if they differ, for any other error inside.

    A file of another version, or one that was made to do harm, can fail in any way.

    Parameters
    ----------
    path : Path
        The file.
    written_by, version : str
        Versions of this package: that wrote the file, and that reads it.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).rstrip('.')}"
        if written_by == version:
            message = f"is damaged, or was not written by sklearn_bpnet ({reason})"
        else:
            message = (
                f"was written by sklearn_bpnet {written_by}; this is version "
                f"{version}, which cannot read it ({reason})"
            )
        raise ValueError(f"{path} {message}.") from error


def _opened(path: Path, version: str) -> tuple[str, bytes]:
    """The version that wrote a file, and its archive, whose checksum is verified."""
    with open(path, "rb") as file:
        line = file.readline(_MAX_LINE).decode("ascii", errors="replace")
        found = _ANY_FORMAT.match(line)
        if found is None:
            raise ValueError(
                f"{path} is not a checkpoint of sklearn_bpnet, or it is damaged."
            )
        written_format, written_by = found.groups()
        if written_format != str(_FORMAT):
            writer = f"version {written_by}" if written_by else "an earlier version"
            raise ValueError(
                f"{path} has the format {written_format}, by {writer} of "
                f"sklearn_bpnet; this is version {version}, which reads the format "
                f"{_FORMAT}. Load the file with the version that wrote it."
            )
        content = file.read()
    checksum = _THIS_FORMAT.fullmatch(line)
    if checksum is None or checksum[1] != _digest(written_by, content):
        raise ValueError(
            f"{path} is damaged: its checksum does not match its content. It was "
            "truncated or changed after it was written."
        )
    return written_by, content
