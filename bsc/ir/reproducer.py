"""A pass that broke down, as a text to see it again: the graph before it, under its pipeline.

    # bsc opt --pipeline 'binarise{limit=0}'
    # PassError: pass binarise (after clean-up): ...
    # Traceback (most recent call last):
    # ...
    bsir 1
    graph "mlp" at source {
    ...

It is an ordinary `.bsir` file, because all but the graph stands in comments. The pipeline is run
only when asked (`bsc opt --run-reproducer FILE`): no file decides by itself what is done with it.
"""

from __future__ import annotations

import shlex

from bsc.ir.pass_manager import PassError
from bsc.ir.pipeline_text import Kinds, print_pipeline, unwritten
from bsc.ir.printer import print_graph

_COMMAND = ("bsc", "opt", "--pipeline")


def failure_of(error: BaseException) -> PassError | None:
    """The breakdown of a pass behind an exception, None where there is none."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, PassError):
            return found
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return None


def reproducer(failure: PassError, kinds: Kinds, trace: str) -> str:
    """The text of a reproducer.

    Args:
        failure: what broke down.
        kinds: option kinds of their own, for the pipeline.
        trace: the traceback, for whoever reads the file.
    """
    pipeline = print_pipeline([failure.failed], kinds)
    lines = [f"{' '.join(_COMMAND)} {shlex.quote(pipeline)}"]
    left_out = unwritten(failure.failed, kinds)
    if left_out:
        lines.append(f"options that no text can hold are left out: {', '.join(left_out)}")
    lines += f"PassError: {failure}".splitlines() + trace.splitlines()
    comments = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    return comments + print_graph(failure.graph)


def pipeline_of(text: str) -> str | None:
    """The pipeline in the first line of a reproducer, None where the text is none."""
    first = text[: text.find("\n")] if "\n" in text else text
    if not first.startswith("# bsc opt "):
        return None
    try:
        words = shlex.split(first[1:])
    except ValueError:
        return None
    if len(words) != len(_COMMAND) + 1 or tuple(words[:-1]) != _COMMAND:
        return None
    return words[-1]
