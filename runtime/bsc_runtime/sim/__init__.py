"""The simulator: runs a Program on compiled kernels."""

from bsc_runtime.sim.simulator import Simulator

__all__ = ["Simulator"]
