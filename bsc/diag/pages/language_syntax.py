"""BSC21xx: the syntax of `.bsc` files."""

from bsc.diag.page import CodePage

LANGUAGE_SYNTAX = {
    f"BSC21{n:02}": CodePage("x", "y") for n in range(1,23)
}
