"""Built-in targets of bsc."""
