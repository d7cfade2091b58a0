"""`docs/configuration.md` and the structs say the same: every key, every default, and an example that loads."""

import json
import re
from pathlib import Path

import msgspec
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo, fields

from waystation.settings import (
    OTHER_VARIABLES,
    SECTIONS,
    ModelSettings,
    ProviderSettings,
    Section,
    SourceSettings,
    load,
    variable_for,
)

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z]+\.\S+)` \| (?:`(.*?)`)? ?\| .+ \|$", re.MULTILINE)


def keys(prefix: str, section: type[Section]) -> dict[str, str]:
    return {f"{prefix}.{field.name}": default_of(field) for field in fields(section)}


def default_of(field: FieldInfo) -> str:
    """The default as JSON; empty where there is none or it is None."""
    default = field.default if field.default is not NODEFAULT else field.default_factory
    if default in (NODEFAULT, None):
        return ""
    return json.dumps(msgspec.to_builtins(default() if callable(default) else default))


def test_every_key_is_described_with_its_default_and_nothing_else_is() -> None:
    known: dict[str, str] = {}
    for name, section in SECTIONS.items():
        known |= keys(name, section)
    known |= keys("providers.SLUG", ProviderSettings) | keys("providers.SLUG.models[]", ModelSettings)
    known |= keys("catalog.sources[]", SourceSettings)

    assert dict(ROW.findall(PAGE)) == known


def test_the_table_of_the_readme_agrees() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| `(WAYSTATION_[A-Z_]+)` \| `(.*?)` \|$", README, re.MULTILINE)

    assert rows
    for key, variable, default in rows:
        name, _, field = key.partition(".")
        assert keys(name, SECTIONS[name])[key] == default
        assert variable == variable_for((name, field))


def test_every_other_variable_is_described() -> None:
    assert set(re.findall(r"^\| `(WAYSTATION_[A-Z]+)` \|", PAGE, re.MULTILINE)) == set(OTHER_VARIABLES)


def test_the_example_loads(tmp_path: Path) -> None:
    example = PAGE.partition("## Example")[2].partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "example.toml").write_text(example, encoding="utf-8")

    settings = load(str(tmp_path / "example.toml"), {"OPENAI_API_KEY": "fake"})

    assert settings.server.workers == 2
    assert settings.providers["my-vllm"].models[0].prices()["prompt"] == 0


def test_the_variables_of_the_page_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    given = dict(re.findall(r"`(WAYSTATION_[A-Z_]+)='?([^'`]+)'?`", PAGE))

    settings = load(str(tmp_path / "empty.toml"), given)

    assert len(given) == 4
    assert settings.server.port == 9000
    assert settings.providers["my-vllm"].base_url == "http://10.0.0.5:8000/v1"


def test_the_readme_leads_with_the_two_commands_and_their_times() -> None:
    commands = README.partition("```sh\n")[2].partition("```")[0].splitlines()

    assert [line.partition("#")[0].strip() for line in commands] == ["make run", "make test"]
    assert all(re.search(r"# .*(second|minute)", line) for line in commands)
