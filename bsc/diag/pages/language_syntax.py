"""BSC21xx: the syntax of `.bsc` files."""

from bsc.diag.page import CodePage

LANGUAGE_SYNTAX = {
    "BSC2101": CodePage(
        "A file of the language cannot be read", "Write the path of a text file in UTF-8."
    ),
    "BSC2102": CodePage("A text is too large or too deep", "Limits hold before memory is taken."),
    "BSC2103": CodePage("More mistakes than are shown", "Mend the first ones and compile again."),
    "BSC2104": CodePage("A character that no text may hold", "Remove it."),
    "BSC2105": CodePage("A sign that the language does not have", "See the help line."),
    "BSC2106": CodePage("A string, docstring or name without end", "Close it on its line."),
    "BSC2107": CodePage("A string that is not written right", "See the help line."),
    "BSC2108": CodePage("Not a number", "Numbers are decimal."),
    "BSC2109": CodePage("Found something that cannot stand here", "See what was expected."),
}
