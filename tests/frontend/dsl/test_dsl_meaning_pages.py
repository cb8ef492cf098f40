"""The wrong examples of the pages are told so, and the mended ones are right."""

from __future__ import annotations

import pytest

from bsc.diag import CODES
from bsc.testing.dsl_programs import checked

CODES_WITH_EXAMPLES = sorted(
    code for code, page in CODES.items() if "BSC2200" <= code < "BSC2600" and page.example
)


@pytest.mark.parametrize("code", CODES_WITH_EXAMPLES)
def test_examples(code: str) -> None:
    page = CODES[code]
    assert page.example is not None
    assert code in {d.code for d in checked(page.example).diagnostics}
    if page.mended is not None:
        found = checked(page.mended)
        assert found.model is not None
        assert code not in {d.code for d in found.diagnostics}


def test_most_pages_have_an_example() -> None:
    pages = [code for code in CODES if "BSC2200" <= code < "BSC2600"]
    assert len(CODES_WITH_EXAMPLES) >= len(pages) - 8
