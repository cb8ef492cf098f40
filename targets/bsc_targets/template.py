"""The commented file that `bsc targets new` writes: the sample target under another name."""

from __future__ import annotations

import re

from bsc.diag import fail
from bsc_runtime.samples import samples_folder

SAMPLE = "my_device.toml"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def template(name: str) -> str:
    """Text of a target file called `name`.

    Raises:
        DiagnosticError: BSC4005 where a target cannot be called so.
    """
    if not _NAME.fullmatch(name):
        raise fail(
            "BSC4005",
            f"'{name}' is no name for a target: letters, digits, dot, dash and underscore, at most "
            "64, the first a letter or digit",
        )
    text = (samples_folder() / SAMPLE).read_text(encoding="utf-8")
    text = text.replace('name = "my-device"', f'name = "{name}"', 1)
    return text.replace(SAMPLE, f"{name}.toml")
