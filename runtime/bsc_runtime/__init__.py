"""Runtime of bsc: sessions, executors, kernels, training."""
