"""Machines where numba finds no folder for compiled kernels: a container that is read-only."""

import os
import subprocess
import sys

_SCRIPT = """
import sys
from pathlib import Path

from numba.core import caching

refused = []


def unwritable(locator):
    refused.append(type(locator).__name__)
    raise OSError(30, "Read-only file system")


caching._CacheLocator.ensure_cache_path = unwritable  # root may write everywhere else

import logging

logging.basicConfig(format="%(message)s", stream=sys.stdout)
from bsc_runtime.kernels import infer, philox, train

assert refused
assert not train.train.stats.cache_path
"""


def test_kernels_compile_in_each_process_and_that_is_said_once():
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("NUMBA_CACHE_DIR") == 1
    assert done.stderr == ""
