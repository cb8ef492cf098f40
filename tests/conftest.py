"""Options and fixtures of the whole test suite."""

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", help="write goldens anew; then read the diff"
    )


@pytest.fixture
def update_golden(request):
    """Whether goldens are to be written anew."""
    return request.config.getoption("--update-golden")
