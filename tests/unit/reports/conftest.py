"""Fixtures of the reports' tests."""

from __future__ import annotations

import pytest

from tests.memory import Scene


@pytest.fixture
def scene() -> Scene:
    """A demo portal in memory and a client of its administrator."""
    return Scene()
