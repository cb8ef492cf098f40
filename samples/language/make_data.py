"""Writes the data of the language's samples: `xor.npz` and `two_views.npz`.

    python samples/language/make_data.py

`two_views.npz` is scikit-learn's set of small digits (../digits), each image cut into its left and
its right half. `xor.npz` has the four samples of exclusive or, a hundred times over for training
and once for the test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def xor() -> dict[str, np.ndarray]:
    """Inputs of 0 and 1, and what they should give."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = (x[:, :1] != x[:, 1:]).astype(np.float32)
    return {"x": np.tile(x, (100, 1)), "y": np.tile(y, (100, 1)), "x_test": x, "y_test": y}


def two_views() -> dict[str, np.ndarray]:
    """Halves of images of 8 x 8 pixels of 0 to 16, and which digit they show."""
    made = {}
    with np.load(HERE.parent / "digits" / "digits.npz") as digits:
        for part in ("", "_test"):
            images = digits[f"x{part}"].reshape(-1, 8, 8).astype(np.float32)
            made[f"left{part}"] = np.ascontiguousarray(images[:, :, :4])
            made[f"right{part}"] = np.ascontiguousarray(images[:, :, 4:])
            made[f"digit{part}"] = digits[f"y{part}"]
    return made


if __name__ == "__main__":
    np.savez_compressed(HERE / "xor.npz", **xor())
    np.savez_compressed(HERE / "two_views.npz", **two_views())
