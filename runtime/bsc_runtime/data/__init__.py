"""Data sets: loading them, fitting them to a program, encoding them for the array."""

from bsc_runtime.data.dataset import DataSet
from bsc_runtime.data.encode import calibration_values, encode, probabilities
from bsc_runtime.data.fit import class_indices, fit_input
from bsc_runtime.data.load import NAMES, load_data

__all__ = [
    "NAMES",
    "DataSet",
    "calibration_values",
    "class_indices",
    "encode",
    "fit_input",
    "load_data",
    "probabilities",
]
