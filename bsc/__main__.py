"""`python -m bsc`: the program, where the folder of scripts is not on the path."""

from bsc.cli import main

if __name__ == "__main__":
    main()
