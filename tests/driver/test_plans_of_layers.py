"""Plans of layers land on the arrays that are made of these layers, whatever arrays are called."""

from __future__ import annotations

from pathlib import Path

import pytest

import bsc
from bsc.diag import DiagnosticError
from bsc.driver import compile_model, recompile
from bsc.hw.plan import LayerPlan
from bsc.hw.registry import resolve
from bsc.plans import LayerOptions, PlanOptions
from bsc.program.model import Program
from bsc.testing.dsl_programs import SHARED_LAYER


def _file(folder: Path, text: str, name: str = "small.bsc") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _frozen(program: Program) -> list[str]:
    """Layers of the text whose arrays are frozen, in their order."""
    return [
        array.origin.partition("/")[2]
        for number, array in enumerate(program.arrays)
        if program.frozen(number)
    ]


def test_a_layer_that_is_called_as_a_copy_of_another(tmp_path):
    plan = "train { layer sh_2 { frozen = true } }"
    program = compile_model(_file(tmp_path, SHARED_LAYER + plan))
    assert _frozen(program) == ["sh_2"]
    assert program.plan.layers == (LayerPlan("sh_2", True),)
    assert [array.name for array in program.arrays] == ["sh", "sh_3", "sh_2", "top"]


def test_a_shared_layer_is_all_of_its_arrays(tmp_path):
    plan = """
train { layer sh { frozen = true; threshold = 5; pulses = 2; device = "pcmo-128" } }
"""
    program = compile_model(_file(tmp_path, SHARED_LAYER + plan))
    assert _frozen(program) == ["sh", "sh"]
    pcmo = resolve("pcmo-128").device
    assert program.plan.layers == tuple(
        LayerPlan(name, True, pcmo, 5, 2, "pcmo-128") for name in ("sh", "sh_3")
    )


def test_a_shared_layer_stays_frozen_where_its_arrays_part_and_join(tmp_path):
    path = _file(tmp_path, SHARED_LAYER + "train { layer sh { frozen = true } }")
    joined = compile_model(path, weights="random")
    assert [array.name for array in joined.arrays] == ["sh", "sh_2", "top"]
    assert _frozen(joined) == ["sh"]
    parted = recompile(joined, weights="keep")
    assert _frozen(parted) == ["sh", "sh"]
    assert _frozen(recompile(parted, weights="random")) == ["sh"]
    single = PlanOptions(layers={"sh_3": LayerOptions(True)}).plan()
    with pytest.raises(DiagnosticError, match=r"BSC3023.*sh_3.*no array of its own.*that of sh"):
        recompile(joined, plan=single)


@pytest.mark.parametrize(
    ("first", "second"),
    [("x_", "x"), ("`a b`", "a_b"), ("`q\\c`", "c"), ("`1st`", "fc1"), ("`p/c`", "p_c"),
     ("`p/c`", "`p c`"), ("add", "Gemm"), ("MatMul_1", "matmul")],
)  # fmt: skip
@pytest.mark.parametrize("file", ["net.bsc", "2net.bsc"])
def test_layers_whose_names_are_like_each_other(tmp_path, first, second, file):
    text = f"""
model a {{
  input x: f32[20]
  h = x -> dense(8) as {first} -> relu
  output y = h -> dense(3) as {second}
}}
train {{
  layer {first} {{ threshold = 3 }}
  layer {second} {{ pulses = 2; frozen = true }}
}}
"""
    program = compile_model(_file(tmp_path, text, file))
    names = [array.name for array in program.arrays]
    assert len(set(names)) == 2
    assert program.plan.layers == (
        LayerPlan(names[0], threshold=3),
        LayerPlan(names[1], True, pulses=2),
    )
    for name, given in zip(names, (first, second), strict=True):
        assert given.startswith("`") or name == given


def test_a_layer_beside_an_output_of_the_name_of_its_sums(tmp_path):
    text = """
model a {
  input x: f32[20]
  output `a.y` = x -> dense(8, he) as a -> relu -> dense(3, he) as b
}
train { layer a { frozen = true } }
"""
    program = compile_model(_file(tmp_path, text))
    assert _frozen(program) == ["a"]
    assert program.arrays[0].name != "a"


def test_options_name_layers_as_the_train_section_does(tmp_path):
    text = """
block tower(width) {
  input v
  output h = v -> dense(width) as low -> logistic -> dense(width) as high -> logistic
}
model m {
  input x: f32[20]
  h = x -> repeat 3 { dense(12) as hidden -> logistic } -> tower(9) as lt
  output y = h -> dense(3) as top
}
train { layer lt.low { frozen = false; threshold = 4 } }
"""
    path = _file(tmp_path, text)

    def frozen(**layers: bool) -> list[str]:
        asked = {name: LayerOptions(frozen=each) for name, each in layers.items()}
        return _frozen(bsc.compile(path, layers=asked))

    assert frozen(hidden=True) == ["hidden", "hidden_2", "hidden_3"]
    assert frozen(hidden=True, hidden_2=False) == ["hidden", "hidden_3"]
    assert frozen(lt=True) == ["lt.low", "lt.high"]
    assert bsc.compile(path, layers={"lt": LayerOptions(True)}).plan.layer("lt.low").threshold == 4
    with pytest.raises(DiagnosticError, match=r"BSC3023.*layer hidden_4, which"):
        frozen(hidden_4=True)


def test_a_layer_of_a_text_that_nothing_reads(tmp_path):
    text = """
model m {
  input x: f32[20]
  spare = x -> dense(4) as spare
  output y = x -> dense(3) as top
}
train { layer spare { frozen = true } }
"""
    path = _file(tmp_path, text)
    with pytest.raises(DiagnosticError, match=r"BSC3023.*layer spare.*does not have") as caught:
        compile_model(path)
    assert str(caught.value.diagnostics[0].labels[0].span) == f"{path}:7:15"
