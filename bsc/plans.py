"""From what a user asked of training to a train plan whose numbers go together."""

from __future__ import annotations

from bsc.diag import Sink, did_you_mean
from bsc.hw.plan import Rule, TrainPlan
from bsc.hw.spec import TargetSpec
from bsc.numerics.cells import PULSES_MAX
from bsc.numerics.state import CellStyle
from bsc.passes.derive_training import rate_of

_LARGEST = (1 << 31) - 1

SGD_BATCH = 100
"""B of `sgd` and `hp` (the paper's software experiment)."""


def plan_for(
    rule: str = "carry",
    *,
    batch: int | None = None,
    threshold: int | None = None,
    pulses: int = 1,
    eta: float | None = None,
    refresh_every: int = 0,
) -> TrainPlan:
    """A plan with the rule's own defaults for what is None.

    Raises:
        DiagnosticError: BSC3020 for an unknown rule, BSC3021 for numbers that do not fit it.
    """
    sink = Sink()
    if rule not in list(Rule):
        sink.add(
            "BSC3020",
            f"there is no rule `{rule}`",
            help=f"{did_you_mean(rule, list(Rule))}; rules: {', '.join(Rule)}",
        )
        sink.raise_if_errors()
    kind = Rule(rule)
    if kind is Rule.ONLINE:
        for name, value in (("batch", batch), ("threshold", threshold)):
            if value not in (None, 1):
                sink.add(
                    "BSC3021",
                    f"{name} is {value}; rule online is B = T = 1",
                    help="use rule carry for other numbers",
                )
        batch = threshold = 1
    floating = kind in (Rule.SGD, Rule.HP)
    plan = TrainPlan(
        kind,
        (SGD_BATCH if floating else 64) if batch is None else batch,
        64 if threshold is None else threshold,
        pulses,
        0.1 if eta is None else eta,
        refresh_every,
    )
    bounds = (
        ("batch", plan.batch, 1),
        ("threshold", plan.threshold, 1),
        ("pulses", plan.pulses, 1),
        ("refresh_every", plan.refresh_every, 0),
    )
    for name, number, least in bounds:
        most = PULSES_MAX if name == "pulses" else _LARGEST
        if not least <= number <= most:
            sink.add("BSC3021", f"{name} is {number}, expected {least} to {most}")
    if not 0 < plan.eta <= 1000:
        sink.add("BSC3021", f"eta is {plan.eta}, expected a number above 0, at most 1000")
    elif kind is Rule.SGD and rate_of(plan.eta, plan.batch) > _LARGEST:
        sink.add(
            "BSC3021",
            f"eta {plan.eta} with batch {plan.batch} moves a weight by more than its whole range",
        )
    if plan.threshold - 1 + plan.batch > _LARGEST:
        sink.add(
            "BSC3021",
            f"threshold {plan.threshold} with batch {plan.batch}: a counter may pass 32 bits",
        )
    if eta is not None and not floating:
        sink.add(
            "BSC3021",
            f"rule {kind} has no learning rate: the device's step is its rate",
            help="leave eta out, or use rule sgd or hp",
        )
    sink.raise_if_errors()
    return plan


def check_plan(plan: TrainPlan, target: TargetSpec) -> str | None:
    """Reason why a rule is not expected to learn on a target, or None.

    Raises:
        DiagnosticError: BSC3021 where plan and device exclude each other.
    """
    sink = Sink()
    one_way = target.device.style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP)
    if plan.refresh_every and (not one_way or plan.rule is Rule.SGD):
        sink.add(
            "BSC3021",
            f"refresh_every is for one-way pairs; {target.name} has cells of style "
            f"{target.device.style} under rule {plan.rule}",
        )
    sink.raise_if_errors()
    return target.training.unfit.get(str(plan.rule))
