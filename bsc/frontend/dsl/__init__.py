"""The language: `.bsc` text to a SOURCE graph, a train section and a target section."""
