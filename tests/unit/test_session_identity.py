"""The fingerprint of training data: any sample, label or level that differs is seen."""

from __future__ import annotations

import numpy as np

from bsc.program.executor import EncodedData
from bsc_runtime.train.identity import data_fingerprint

ROWS = 9000
"""More than are hashed at once."""


def test_any_row_label_or_level_changes_the_fingerprint() -> None:
    values = np.random.default_rng(2).integers(0, 256, (ROWS, 3), np.uint8)
    levels = np.arange(256, dtype=np.int32)
    labels = np.arange(ROWS, dtype=np.int32) % 3
    found = {data_fingerprint(EncodedData(values, levels), labels)}
    for row in (0, 1, 4095, 4096, ROWS - 2, ROWS - 1):
        other = values.copy()
        other[row, 1] ^= 1
        found.add(data_fingerprint(EncodedData(other, levels), labels))
    brighter = levels.copy()
    brighter[255] += 1
    found.add(data_fingerprint(EncodedData(values, brighter), labels))
    relabelled = labels.copy()
    relabelled[77] = (labels[77] + 1) % 3
    found.add(data_fingerprint(EncodedData(values, levels), relabelled))
    assert len(found) == 9


def test_the_layout_in_memory_changes_nothing() -> None:
    values = np.random.default_rng(2).integers(0, 65537, (ROWS, 3), np.int32)
    labels = np.zeros(ROWS, np.int32)
    none = np.zeros(0, np.int32)
    columns_first = EncodedData(np.asfortranarray(values), none)
    assert data_fingerprint(columns_first, labels) == data_fingerprint(
        EncodedData(values, none), labels
    )
