"""The served page of errors and the one in docs say the same, and know every code that there is."""

import re
from pathlib import Path

from shared_folder import shared
from waystation.api.error_page import AVAILABILITY

PAGE = Path(__file__).parents[2].joinpath("docs", "errors.md").read_text(encoding="utf-8")
LINE = re.compile(r'^<a id="(\w+)"></a>\*\*`\1`\*\* \((\d+)\): (.+)\.$', re.MULTILINE)


def test_the_page_in_docs_says_the_same() -> None:
    assert {code: (int(status), words) for code, status, words in LINE.findall(PAGE)} == AVAILABILITY


def test_every_code_of_the_contract_is_explained_with_its_status() -> None:
    contract = shared("contract.md").read_text(encoding="utf-8")
    section = contract.partition("### 2.4 Availability object")[2].partition("### 2.5")[0]
    rows = re.findall(r"^\| `(\w+)`[^|]*\| (\d{3}) \|", section, re.MULTILINE)
    assert {code: int(status) for code, status in rows} == {
        code: status for code, (status, _) in AVAILABILITY.items()
    }
