"""Chips: what a target is, where it comes from, what identifies it."""
