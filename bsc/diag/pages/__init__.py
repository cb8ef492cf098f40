"""Pages of diagnostic codes, one file for each thousand."""
