"""`docs/cli.md` and the commands say the same."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from waystation.cli import main

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| `waystation ([a-z ]+?)(?: \[?[A-Z]+\]?)?` \| (.*?) ?\| .+ \|$", re.MULTILINE)


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, set[str]]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            options = (option for option in command.params if isinstance(option, click.Option))
            yield f"{path}{name}", {option.opts[0] for option in options}


def test_every_command_is_described_with_its_options_and_nothing_else_is() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")

    described = {name: set(re.findall(r"`(--[a-z-]+)`", options)) for name, options in ROW.findall(page)}

    assert described == dict(commands(main))


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in (*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md"), *DOCS.parent.glob("bench/*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            assert (page.parent / target).exists(), (page.name, target)
