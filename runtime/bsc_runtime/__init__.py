"""Runtime of bsc: sessions, executors, kernels, training.

Names are loaded when they are first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bsc_runtime.data.dataset import DataSet
    from bsc_runtime.data.load import load_data
    from bsc_runtime.metrics import Evaluation, OutputScore
    from bsc_runtime.session import Session
    from bsc_runtime.train.callbacks import Callback, Progress, TrainCallback
    from bsc_runtime.train.history import EpochRecord, History
    from bsc_runtime.train.interrupt import Interrupted

_HOMES = {
    "Callback": "bsc_runtime.train.callbacks",
    "DataSet": "bsc_runtime.data.dataset",
    "EpochRecord": "bsc_runtime.train.history",
    "Evaluation": "bsc_runtime.metrics",
    "History": "bsc_runtime.train.history",
    "Interrupted": "bsc_runtime.train.interrupt",
    "OutputScore": "bsc_runtime.metrics",
    "Progress": "bsc_runtime.train.callbacks",
    "Session": "bsc_runtime.session",
    "TrainCallback": "bsc_runtime.train.callbacks",
    "load_data": "bsc_runtime.data.load",
}

__all__ = [
    "Callback",
    "DataSet",
    "EpochRecord",
    "Evaluation",
    "History",
    "Interrupted",
    "OutputScore",
    "Progress",
    "Session",
    "TrainCallback",
    "load_data",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module bsc_runtime has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
