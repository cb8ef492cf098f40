"""The Program: what a compiled network is, its rules and its file."""
