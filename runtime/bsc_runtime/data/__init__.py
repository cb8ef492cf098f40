"""Data sets: loading them, fitting them to a program, encoding them for the array."""

from bsc_runtime.data.dataset import DataSet
from bsc_runtime.data.encode import calibration_values, encode, probabilities
from bsc_runtime.data.fit import class_indices, fit_input
from bsc_runtime.data.load import NAMES, data_files, load_data
from bsc_runtime.data.match import Matched, find_inputs, match, placed

__all__ = [
    "NAMES",
    "DataSet",
    "Matched",
    "calibration_values",
    "class_indices",
    "data_files",
    "encode",
    "find_inputs",
    "fit_input",
    "load_data",
    "match",
    "placed",
    "probabilities",
]
