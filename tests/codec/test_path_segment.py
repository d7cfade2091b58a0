"""Names of models in a path."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from waystation.codec.path_segment import path_segment


@given(st.text())
def test_it_is_what_the_standard_library_makes(text: str) -> None:
    assert path_segment(text) == quote(text, safe="@")
