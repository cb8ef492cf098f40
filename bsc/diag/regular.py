"""Opening files that users name: what is no regular file is refused before it is opened."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def check_regular(path: Path) -> None:
    """Refuse what is no regular file: a pipe would be waited for for ever, a device never ends.

    Raises:
        OSError: it is none, or is not there.
        ValueError: no path, such as one with a NUL in it.
    """
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading.

    Raises:
        OSError: it is none, or cannot be read.
        ValueError: no path, such as one with a NUL in it.
    """
    check_regular(path)
    return path.open("rb")
