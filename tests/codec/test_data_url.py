import pytest

from waystation.codec.data_url import DataUrl, parse_data_url
from waystation.errors import InvalidRequest


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("data:image/png;base64,AAAA", DataUrl("image/png", "AAAA")),
        ("DATA:Text/CSV;charset=utf-8,a%2Cb", DataUrl("text/csv", "YSxi")),
        ("data:,hi", DataUrl("text/plain", "aGk=")),
        ("https://example.test/a.png", None),
    ],
)
def test_data_urls_are_taken_apart(url: str, told: DataUrl | None) -> None:
    assert parse_data_url(url) == told


def test_one_without_data_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        parse_data_url("data:image/png;base64")


def test_base64_that_is_none_is_refused_when_read() -> None:
    told = parse_data_url("data:text/plain;base64,***")
    assert told is not None
    with pytest.raises(InvalidRequest):
        _ = told.content
