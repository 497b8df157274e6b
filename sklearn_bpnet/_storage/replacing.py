"""Files that are replaced as a whole: a reader sees the old content or the new one.

New content is written to a temporary file beside the old one, which is then renamed.
Every writer has a temporary file of its own, named PATH.XXXXXXXXXXXXXXXX.part with 16
random digits. Only a process that is killed while it writes leaves one behind.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

_MAX_NAME = 255 - len(".0123456789abcdef.part")  # bytes, on all usual file systems


class _Temporary:
    """The name of a new file beside ``path``: a context manager that removes the file.

    It may be entered several times: ``with temporary, temporary:`` removes the file
    even if an interrupt (Ctrl-C) hits one of the two exits.
    """

    def __init__(self, path: Path) -> None:
        name = os.fsencode(path.name)[:_MAX_NAME].decode(errors="ignore")
        self.path = path.with_name(f"{name}.{token_hex(8)}.part")

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):  # it has been renamed, or was never made
            self.path.unlink()


def replace(path: Path, parts: Iterable[bytes]) -> None:
    """Write the parts to ``path``; a crash leaves the previous file intact.

    The mode of an existing file is kept. Where ``path`` is a symbolic link, the file
    that it points to is replaced.

    Raises
    ------
    OSError
        If the file cannot be written, with ``path`` as its file name. What was in the
        file is still there.
    """
    _write(path, parts, is_trial=False)


def check_replaceable(path: Path) -> None:
    """Raise OSError, with ``path`` as its file name, if `replace` would.

    A few bytes are written to a temporary file, as nothing else tells whether that
    works: on a file system that is read-only, full or remote, modes say little.
    """
    _write(path, (b"test",), is_trial=True)


def _write(path: Path, parts: Iterable[bytes], *, is_trial: bool) -> None:
    """Write a temporary file, and rename it unless it is a trial."""
    try:
        before = _before(path)
        target = Path(os.path.realpath(path))
        temporary = _Temporary(target)
        with temporary, temporary:
            with _create(temporary.path, before) as file:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            if not is_trial:
                os.replace(temporary.path, target)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    if not is_trial:
        _sync_folder(target.parent)


def _create(path: Path, before: os.stat_result | None) -> BinaryIO:
    """Create a file, with the mode and owner of another one.

    Without one it has the usual mode: all may read and write it, but for the umask.
    """
    mode = 0o666 if before is None else stat.S_IMODE(before.st_mode) & 0o777
    # a partial function, as between two lines an interrupt would leave the file open
    file = open(path, "xb", opener=partial(os.open, mode=mode & 0o666))
    if before is not None and os.name == "posix":
        with suppress(OSError):  # only root may give files away
            os.fchown(file.fileno(), before.st_uid, before.st_gid)
        with suppress(OSError):  # some file systems have no modes
            os.fchmod(file.fileno(), mode)
    return file


def _before(path: Path) -> os.stat_result | None:
    """The state of the file at ``path``, None if there is none.

    Raises
    ------
    OSError
        If there is something else, such as a folder, or a write-protected file.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):  # a device would be replaced by a file
        raise OSError(errno.EINVAL, "Not a regular file")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return found


def _sync_folder(folder: Path) -> None:
    """Make the renaming durable, if the system supports it."""
    if os.name != "posix":
        return
    with suppress(OSError):  # the file is there, whether or not this works
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
