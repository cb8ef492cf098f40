"""What identifies a chip: SHA-256 of its numbers."""

from __future__ import annotations

import hashlib
import json

from bsc.hw.spec import TargetSpec


def target_digest(spec: TargetSpec) -> str:
    """SHA-256, in hex, of the target's canonical JSON.

    Keys are sorted and those at their default left out, so that a key added to the format later
    does not change the digest of the chips that do not use it.
    """
    numbers = spec.model_dump(
        mode="json",
        # words for people and advice change nothing that a chip does
        exclude={"description": True, "training": True, "device": {"source"}},
        exclude_defaults=True,
    )
    text = json.dumps(numbers, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
