"""The sections train and target as plain data."""

from __future__ import annotations

from bsc.frontend.dsl.meaning.sections import LayerOverride
from bsc.testing.dsl_programs import checked, model_of

MODEL = """
let many = 300
block enc { input v; output w = v -> dense(3) as inner }
model m {
  input x: f32[4]
  h = x -> enc -> dense(3) as hidden -> logistic
  output y = h -> dense(2) -> softmax
}
"""


def test_everything_that_a_train_section_says() -> None:
    section = model_of(
        MODEL
        + """train {
  rule = carry
  batch = many // 3
  threshold = 64
  pulses = 2
  eta = 1
  refresh_every = 0
  epochs = 3
  seed = 7
  weights = "random"
  readout y = softmax
  layer hidden { frozen = true; device = "pcm-128" }
  layer enc { threshold = 8; pulses = 3 }
  layer enc.inner { frozen = false }
}
"""
    ).train
    assert section is not None
    assert (section.rule, section.batch, section.threshold, section.pulses) == ("carry", 100, 64, 2)
    assert (section.eta, section.refresh_every, section.epochs, section.seed) == (1.0, 0, 3, 7)
    assert type(section.eta) is float
    assert section.weights == "random"
    assert dict(section.readouts) == {"y": "softmax"}
    assert dict(section.layers) == {
        "hidden": LayerOverride(frozen=True, device="pcm-128"),
        "enc": LayerOverride(threshold=8, pulses=3),
        "enc.inner": LayerOverride(frozen=False),
    }
    assert section.places["batch"].line == 11
    assert section.places["layer enc.inner.frozen"].line == 22


def test_what_is_not_said_is_none() -> None:
    model = model_of(MODEL + "train { }\n")
    assert model.train is not None
    assert (model.train.rule, model.train.batch, model.train.layers) == (None, None, {})
    assert model.target is None


def test_a_target_with_nested_settings() -> None:
    section = model_of(
        MODEL
        + """target "oxram-128" {
  array.rows = 32
  array.columns = many - 44
  periphery.partial_sums = digital
  device.initial.mean_codes = 8e3
  device.potentiation.g_siemens = [1e-6, 2e-6]
  training.rules = ["carry", "sgd"]
}
"""
    ).target
    assert section is not None
    assert section.name == "oxram-128"
    assert section.settings == {
        "array": {"rows": 32, "columns": 256},
        "periphery": {"partial_sums": "digital"},
        "device": {
            "initial": {"mean_codes": 8000.0},
            "potentiation": {"g_siemens": [1e-6, 2e-6]},
        },
        "training": {"rules": ["carry", "sgd"]},
    }
    assert section.places["device.initial.mean_codes"].line == 13
    assert section.places[""].line == 9


def test_sections_of_a_model_that_failed_are_checked_but_for_its_names() -> None:
    text = (
        MODEL.replace("dense(2)", "dnse(2)")
        + "train { layer any { }; readout z = softmax; x = 1 }\n"
    )
    assert [d.code for d in checked(text).diagnostics] == ["BSC2203", "BSC2502"]
