"""The zip archive under a program file: written whole or not at all, read with every size checked.

Parts are stored, not compressed, so no part can be larger than the file; times and attributes are
fixed, so the same parts give the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from bsc.diag import DiagnosticError, Span, fail
from bsc.diag.arguments import checked_path
from bsc.diag.regular import open_regular
from bsc.isa.header import MAGIC
from bsc.program.tensors import ByteSource

_MEMBERS_MAX = 16
_TEXT_BYTES_MAX = 16 << 20
"""Weights are no text: the manifest of a network of 80 MB takes one MiB, its graph a page."""
_TIME = (1980, 1, 1, 0, 0, 0)
_BROKEN = (
    zipfile.BadZipFile,
    RuntimeError,
    ValueError,
    OverflowError,
    EOFError,
    struct.error,
)
"""What zipfile raises on bytes that are no archive."""


def require_writable(path: Path) -> None:
    """Refuse what `replacing` would refuse, as far as it can be known before hours of work.

    Raises:
        DiagnosticError: BSC5011.
    """
    target = Path(os.path.realpath(path))
    folder, at = target.parent, Span(str(path))
    _require_no_other(target, at)
    if not folder.is_dir():
        raise fail("BSC5011", f"there is no folder {folder} to write into", at=at)
    if not os.access(folder, os.W_OK):
        raise fail("BSC5011", f"the folder {folder} may not be written", at=at)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when all was written, and is gone if that failed.

    Raises:
        DiagnosticError: BSC5011; what stood at `path` before is as it was.
    """
    target = Path(os.path.realpath(path))
    temporary = target.parent / f".bsc-{secrets.token_hex(8)}.tmp"
    try:
        _require_no_other(target, Span(str(path)))
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        os.replace(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise fail(
            "BSC5011",
            f"{reason[0].lower()}{reason[1:]}; nothing was changed",
            at=Span(str(path)),
            help="make room, or write to another folder" if error.errno == 28 else None,
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _require_no_other(target: Path, at: Span) -> None:
    """Refuse a folder, a device or a pipe: moving a file into its place would destroy it."""
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        raise fail("BSC5011", "it is there already, and is no file", at=at)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder lasting; file systems that cannot sync a folder need not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class ArchiveWriter:
    """Writes parts one after the other; leaving it in order writes their directory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._zip.close()
        finally:
            self._zip.fp = None  # or what failed would end itself when it is collected

    def add(self, name: str, chunks: Iterable[bytes | memoryview]) -> tuple[int, str]:
        """Write a part; its size in bytes and its SHA-256."""
        info = zipfile.ZipInfo(name, _TIME)
        info.create_system = 3
        info.external_attr = 0o644 << 16
        sha = hashlib.sha256()
        size = 0
        with self._zip.open(info, "w", force_zip64=True) as part:
            for chunk in chunks:
                part.write(chunk)
                sha.update(chunk)
                size += len(chunk)
        return size, sha.hexdigest()


class ArchiveReader:
    """Reads parts; whatever is wrong is one diagnostic that names file and part."""

    def __init__(self, path: str | Path) -> None:
        self.path = checked_path("BSC5001", "path", path)
        try:
            self._stream = open_regular(self.path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise fail("BSC5001", f"{reason[0].lower()}{reason[1:]}", at=Span(str(path))) from None
        try:
            self._parts = self._directory()
        except DiagnosticError:
            self._stream.close()
            raise

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def names(self) -> list[str]:
        """Names of the parts."""
        return list(self._parts)

    def size(self, name: str) -> int:
        """Bytes of a part."""
        return self._parts[name].file_size

    def text(self, name: str, sha256: str | None) -> str:
        """A part that is text, checked against its checksum where that is known."""
        if self.size(name) > _TEXT_BYTES_MAX:
            most = _TEXT_BYTES_MAX >> 20
            raise self.wrong(
                "BSC5007", name, f"{self.size(name)} bytes of text, at most {most} MiB"
            )
        with self.part(name, sha256) as stream:
            data = stream.read()
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.wrong("BSC5003", name, f"no UTF-8 at byte {error.start}") from None

    @contextlib.contextmanager
    def part(self, name: str, sha256: str | None) -> Iterator[ByteSource]:
        """A part as a stream; its checksum is compared when the block ends in order."""
        hashing: _Hashing | None = None
        try:
            with self._zip.open(self._parts[name]) as part:
                hashing = _Hashing(part)
                yield hashing
                hashing.drain()
        except DiagnosticError:
            raise
        except (*_BROKEN, OSError) as error:
            raise self.wrong("BSC5003", name, f"the part is damaged: {error}") from None
        if sha256 is not None and hashing.sha.hexdigest() != sha256:
            raise self.wrong("BSC5003", name, "its bytes do not have the checksum of the manifest")

    def wrong(self, code: str, member: str, message: str) -> DiagnosticError:
        """A diagnostic that names file and part."""
        return fail(code, message, at=Span(str(self.path), path=member))

    def _directory(self) -> dict[str, zipfile.ZipInfo]:
        try:
            self._zip = zipfile.ZipFile(self._stream)
        except (*_BROKEN, OSError) as error:
            reason = "is empty" if self._length() == 0 else str(error)
            message = f"no program file: {reason[:1].lower()}{reason[1:]}"
            raise fail("BSC5002", message, at=Span(str(self.path)), help=self._other()) from None
        infos = self._zip.infolist()
        if len(infos) > _MEMBERS_MAX:
            message = f"no program file: an archive of {len(infos)} parts"
            raise fail("BSC5002", message, at=Span(str(self.path)))
        parts: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            if info.filename in parts:
                raise self.wrong("BSC5006", info.filename, "the part is there twice")
            parts[info.filename] = info
            stored = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
            if not stored or info.file_size != info.compress_size:
                if "manifest.json" not in self._zip.namelist():
                    break  # another kind of archive; the reader of the manifest says so
                raise self.wrong("BSC5007", info.filename, "the part is not stored as it is")
        if sum(info.file_size for info in infos) > self._length() and "manifest.json" in parts:
            raise self.wrong("BSC5007", "directory", "the parts claim to be larger than the file")
        return parts

    def _other(self) -> str | None:
        """What to do with a file that is something else."""
        self._stream.seek(0)
        start = self._stream.read(len(MAGIC))
        if start == MAGIC:
            return "this is an image of the instruction set: `bsc machine` runs it"
        if self.path.suffix in (".onnx", ".bsc", ".bsir"):
            return f"compile it first: bsc compile {self.path.name}"
        return None

    def _length(self) -> int:
        return os.fstat(self._stream.fileno()).st_size


class _Hashing:
    """Hashes what is read through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._inner = stream
        self.sha = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read and hash."""
        data = self._inner.read(size)
        self.sha.update(data)
        return data

    def drain(self) -> None:
        """Read what is left, so that the checksum covers it."""
        while self.read(1 << 20):
            pass
