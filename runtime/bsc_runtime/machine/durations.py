"""The formulas of `bsc.isa.timing`, compiled: machine and verifier count by the same text."""

from __future__ import annotations

from bsc.isa import timing
from bsc_runtime.kernels.jit import merged

over = merged(timing.over)
host = merged(timing.host)
labels = merged(timing.labels)
encode = merged(timing.encode)
neurons = merged(timing.neurons)
readout = merged(timing.readout)
counters = merged(timing.counters)
pulses = merged(timing.pulses)
message = merged(timing.message)
