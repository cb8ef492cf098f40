"""Draws, codes, tables, cells and digests: docs/semantics.md sections 2 to 7 in numpy.

This room is the reference: vectorised, exact, obviously right rather than fast. Kernels elsewhere
are tested against it, and tests/known_answers holds its answers as files.
"""
