"""Plain arrays by name as bytes: a NumPy archive (.npz) of uncompressed arrays.

Reading one believes nothing that it declares: no array is larger than its bytes in the
archive, so that a small file cannot fill the memory, and none holds Python objects.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from math import prod
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

_KINDS = "biufcSUmM"  # of dtypes; neither objects nor records


def pack(arrays: Mapping[str, Any]) -> bytes:
    """The archive of some arrays."""
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    return archive.getvalue()


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an archive.

    Raises
    ------
    Exception
        Of many classes, if the bytes are not an archive that `pack` has made.
    """
    arrays = {}
    with ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        for member in members:
            if member.compress_type != ZIP_STORED or member.flag_bits & 1:
                raise ValueError(f"{member.filename} is compressed or encrypted")
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("it declares more bytes than it has")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise ValueError(f"{name} is there twice")
            arrays[name] = _array(name, archive.read(member))
    return arrays


def _array(name: str, content: bytes) -> NDArray[Any]:
    """The array in the bytes of an .npy file."""
    file = io.BytesIO(content)
    version = npy.read_magic(file)
    if version == (1, 0):
        shape, by_columns, dtype = npy.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, by_columns, dtype = npy.read_array_header_2_0(file)
    else:
        raise ValueError(f"{name} has the unknown version {version}")
    if dtype.kind not in _KINDS or not dtype.itemsize:
        raise ValueError(f"{name} has the dtype {dtype}")
    if any(type(n) is not int or n < 0 for n in shape):
        raise ValueError(f"{name} has the shape {shape}")
    start = file.tell()
    if prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(
            f"{name} has {len(content) - start} bytes, but its shape {shape} and "
            f"dtype {dtype} need {prod(shape) * dtype.itemsize}"
        )
    memory = bytearray(content[start:])  # can be written, unlike bytes
    return np.ndarray(shape, dtype, memory, order="F" if by_columns else "C")
