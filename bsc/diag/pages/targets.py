"""4xxx: Targets."""

from __future__ import annotations

from bsc.diag.page import CodePage

TARGETS: dict[str, CodePage] = {
    "BSC4001": CodePage(
        "the target file cannot be read",
        "The file is missing, may not be read, is no UTF-8 text, or is larger than 1 MiB. A target "
        "is a small TOML file; `bsc targets new NAME` writes one to start from.",
    ),
    "BSC4002": CodePage(
        "the target file is not TOML",
        "The text breaks TOML's rules at the place shown. Common causes: a string without quotes, "
        "a key set twice, a decimal comma.",
    ),
    "BSC4003": CodePage(
        "unknown key in a target",
        "No part of a target has such a key, so it would have no effect. docs/targets.md lists "
        "every key with its unit.",
    ),
    "BSC4004": CodePage(
        "missing key in a target",
        "The key has no default. docs/targets.md lists every key with its unit; `extends` takes "
        "the missing ones from another target.",
    ),
    "BSC4005": CodePage(
        "a value of a target is out of range or of the wrong type",
        "The message says what was found and what is allowed. Conductances are in siemens (3 nS is "
        "3e-9), voltages in volt; a tile has 1 to 1024 rows and columns.",
    ),
    "BSC4006": CodePage(
        "values of a target contradict each other",
        "Each value is fine by itself but not beside the others: Gmax below Gmin, a style without "
        "the pulses it needs, tables of two lengths.",
    ),
    "BSC4007": CodePage(
        "unknown target",
        "No installed package offers a target of this name and no file has it. `bsc targets list` "
        "prints all names; a path must end in .toml.",
    ),
    "BSC4008": CodePage(
        "a target plug-in is broken",
        "An installed package announces targets (entry points of the group bsc.targets) but fails "
        "when it is asked for them, or offers a name that another package has. Mend or uninstall "
        "the package that is named.",
    ),
    "BSC4009": CodePage(
        "`extends` leads nowhere",
        "A target that extends others must end, after at most 8 steps, at one that extends none; a "
        "circle has no end.",
    ),
    "BSC4010": CodePage(
        "the rule does not learn on this target",
        "Rule and device step together are the learning rate, so not every pair can learn "
        "(docs/semantics.md, section 9). The program runs; expect the accuracy that the message "
        "names.",
    ),
    "BSC4011": CodePage(
        "a target is legal but surprising",
        "Every value may stand there, yet chips are seldom so: `bsc targets check` says what would "
        "surprise you in training.",
    ),
}
