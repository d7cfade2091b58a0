"""What is run of each SDK's suite: the operations that the gateway serves, and what is changed in their tests because of its contract.

OpenAI's list of models is not among them: its rows have OpenRouter's shape here, without `object` and `owned_by`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

_TEST = re.compile(
    r"test_(?:method|raw_response|streaming_response|path_params)_(?P<name>\w+?)(?:_with_all_params)?(?:_overload_\d+)?$"
)


class Change(NamedTuple):
    """A text of a test file that is replaced, and why the gateway cannot take what was there."""

    file: str
    old: str
    new: str
    why: str


class Suite(NamedTuple):
    """A suite: files below `tests/api_resources` with the names of the operations that are served, and how the gateway is set up for it."""

    name: str
    source: str
    served: Mapping[str, frozenset[str]]
    base: str
    key: str
    provider: str
    aliases: str
    changes: Sequence[Change]

    @property
    def names(self) -> list[str]:
        """Every served operation's name."""
        return sorted(frozenset().union(*self.served.values()))


_CHAT, _TEXT, _VECTORS, _RESPONSES, _BETA_RESPONSES = (
    "chat/test_completions.py", "test_completions.py", "test_embeddings.py", "test_responses.py", "beta/test_responses.py",
)  # fmt: skip
_BETA = "beta/test_messages.py"
_CREATE = frozenset({"create"})
_MESSAGES = frozenset({"create", "count_tokens"})
_LEAST = "the contract wants one token at least"
_STORED = "nothing is stored here"
_INPUT = "input and a model are required"


def _without_state(file: str) -> tuple[Change, ...]:
    """What Responses of a gateway that stores nothing has to leave out."""
    asked = '            input="string",\n            model="gpt-5.1",\n            stream=True,\n        )'
    return (
        Change(file, "max_tool_calls=0,", "max_tool_calls=1,", "the contract wants 1 to 30"),
        Change(file, "store=True,", "store=False,", _STORED),
        Change(file, "            background=True,\n", "", _STORED),
        Change(file, '            conversation="string",\n', "", _STORED),
        Change(file, '            previous_response_id="previous_response_id",\n', "", _STORED),
        Change(file, ".create()", '.create(input="string", model="gpt-5.1")', _INPUT),
        Change(file, "            stream=True,\n        )", asked, _INPUT),
    )


OPENAI = Suite(
    name="openai",
    source="https://github.com/openai/openai-python",
    served=dict.fromkeys((_CHAT, _TEXT, _VECTORS, _RESPONSES, _BETA_RESPONSES), _CREATE),
    base="/api/v1",
    key="My API Key",
    provider="""
[providers.openai]
api_key = "sk-fake-openai"
base_url = "{url}"
models = [{{ id = "openai/gpt-3.5-turbo-instruct", native_id = "gpt-3.5-turbo-instruct", prompt = "0", completion = "0" }}]
[providers.openai-responses]
dialect = "openai_responses"
base_url = "{url}"
models = [{{ id = "acme/gpt-5.1", native_id = "gpt-5.1", prompt = "0", completion = "0" }}]
""",
    aliases="""
[aliases]
"gpt-5.4" = "openai/gpt-5.4"
"gpt-5.1" = "acme/gpt-5.1"
"gpt-3.5-turbo-instruct" = "openai/gpt-3.5-turbo-instruct"
"text-embedding-3-small" = "openai/text-embedding-3-small"
""",
    changes=(
        Change(_CHAT, "max_completion_tokens=0,", "max_completion_tokens=16,", _LEAST),
        Change(_CHAT, "max_tokens=0,", "max_tokens=16,", _LEAST),
        Change(
            _VECTORS,
            'model="text-embedding-3-small",\n        )',
            'model="text-embedding-3-small",\n            encoding_format="float",\n        )',
            "the SDK asks for base64 by itself, and checks strictly for numbers",
        ),
        *_without_state(_RESPONSES),
        *_without_state(_BETA_RESPONSES),
    ),
)

ANTHROPIC = Suite(
    name="anthropic",
    source="https://github.com/anthropics/anthropic-sdk-python",
    served={
        "test_messages.py": _MESSAGES,
        _BETA: _MESSAGES,
        "test_models.py": frozenset({"list"}),
        "beta/test_models.py": frozenset({"list"}),
    },
    base="",
    key="my-anthropic-api-key",
    provider='\n[providers.anthropic]\napi_key = "sk-fake-claude"\nbase_url = "{url}"\n',
    aliases='\n[aliases]\n"claude-opus-4-6" = "anthropic/claude-opus-4.6"\n',
    changes=(
        Change(
            _BETA,
            'fallbacks="default",',
            'fallbacks=[{"model": "anthropic/claude-opus-4.5"}],',
            "fallbacks are models of the gateway",
        ),
    ),
)

SUITES = {suite.name: suite for suite in (OPENAI, ANTHROPIC)}


def mended(copy: Path, suite: Suite) -> list[str]:
    """Make the changes in a copy of the checkout; each as a line, an error where there is nothing left to change."""
    lines = []
    for file, old, new, why in suite.changes:
        path = copy / "tests" / "api_resources" / file
        text = path.read_text()
        if old not in text:
            raise LookupError(f"{file} no longer says {old.strip()!r}")
        path.write_text(text.replace(old, new))
        lines.append(f"{file}: {old.split()!r} to {new.split()!r}: {why}")
    return lines


def operations_of(copy: Path, suite: Suite) -> list[str]:
    """The operations that have tests and are not served, as `file: name, name`."""
    lines = []
    folder = copy / "tests" / "api_resources"
    for path in sorted(folder.rglob("test_*.py")):
        file = str(path.relative_to(folder))
        tests = re.findall(r"def (test_\w+)\(", path.read_text())
        names = {name for test in tests if (name := _operation(test))} - suite.served.get(file, frozenset())
        if names:
            lines.append(f"{file}: {', '.join(sorted(names))}")
    return lines


def verdicts(report: Path, suite: Suite) -> tuple[Counter[str], list[tuple[str, str]]]:
    """How many tests passed by operation, and which failed with their reason; tests of what is not served are left out."""
    passed: Counter[str] = Counter()
    failed = []
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - written by pytest just now
        place = case.get("classname", "").removeprefix("tests.api_resources.").rpartition(".")[0]
        file, test = place.replace(".", "/") + ".py", case.get("name", "")
        name = _operation(test.partition("[")[0])
        if name not in suite.served.get(file, ()):
            continue
        wrong = next((case.find(kind) for kind in ("failure", "error") if case.find(kind) is not None), None)
        if wrong is None:
            passed[f"{file}: {name}"] += 1
        else:
            failed.append((f"{file}::{test}", (wrong.get("message") or "")[:400]))
    return passed, failed


def _operation(test: str) -> str | None:
    found = _TEST.match(test)
    return found["name"] if found else None
