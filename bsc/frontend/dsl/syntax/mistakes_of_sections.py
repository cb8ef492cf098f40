"""Lines of train and target sections as other tools write them."""

from __future__ import annotations

from bsc.frontend.dsl.syntax.mistakes import Insert, Mistake, Replace, Rule
from bsc.frontend.dsl.syntax.scene import Body, Scene

_SECTIONS = (Body.PLAN, Body.SETTINGS)


def _comma(scene: Scene) -> Mistake | None:
    """`batch = 32, epochs = 3`."""
    if scene.body not in _SECTIONS or scene.found != "COMMA" or "NEWLINE" not in scene.expected:
        return None
    help = "each setting stands on a line of its own, or behind `;`"
    return Mistake("BSC2118", "found `,`, expected the end of the line", help,
                   repair=Replace(scene.at, "NEWLINE"))  # fmt: skip


def _plan_of_no_layer(scene: Scene) -> Mistake | None:
    """`layer { frozen = true }`."""
    if scene.body is not Body.PLAN or scene.found != "LBRACE" or scene.follows != "LAYER":
        return None
    help = "such as `layer hidden {`; what is for all layers stands in the section itself"
    return Mistake("BSC2110", "the layer has no name", help, repair=Insert(("NAME",)))


def _table(scene: Scene) -> Mistake | None:
    """`array { rows = 64 }`."""
    if scene.body not in _SECTIONS or scene.found != "LBRACE" or "EQUAL" not in scene.expected:
        return None
    key = scene.word(scene.head)
    help = f"a key of a table has a dot: `{key}.KEY = ...`" if scene.at == scene.head + 1 else None
    return Mistake("BSC2109", f"{scene.shown}, expected `.` or `=`", help)


RULES: tuple[Rule, ...] = (
    _comma,
    _plan_of_no_layer,
    _table,
)
