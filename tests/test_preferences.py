from pathlib import Path

import pytest

from tlstudio.preferences import Preferences, keep_preferences, preferences


def test_that_they_are_remembered(home: Path):
    assert preferences().cache_gb == 10
    keep_preferences(Preferences(cache_gb=2.5))
    assert preferences().cache_gb == 2.5


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cache_gb": 0}', '{"cache_gb": "much"}'])
def test_that_what_cannot_be_read_is_as_it_was_at_first(home: Path, content: str):
    keep_preferences(Preferences(cache_gb=2.5))
    (home / "config" / "preferences.json").write_text(content)
    assert preferences() == Preferences()
