"""Targets in few words."""

import pytest

from bot.domain.targets import spoken


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("https://router.internal:443", "router.internal"),
        ("http://router.internal:80", "router.internal"),
        ("https://router.internal:8443", "router.internal:8443"),
        ("http://[::1]:443", "[::1]:443"),
        ("redis://cache:6379", "cache:6379"),
        ("localhost kubectl", "localhost kubectl"),
        ("", ""),
    ],
)
def test_a_target_is_said_the_short_way(target: str, said: str) -> None:
    """Without its scheme, and without a port that goes without saying."""
    assert spoken(target) == said
