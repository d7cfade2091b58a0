"""Reads the prompts that we wrote and writes out their templates: `{a|b}` chooses, `{name}` is filled, `[..]` may be left out.

A draw depends on the template, its number and the seed alone, so that one changed line changes only its own prompts.
"""

import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

WRITTEN = "written by "
"""What the names of sources begin with that are authors of ours."""
PROMPTS = Path(__file__).parent / "prompts"
_NAME = re.compile(r"\{([a-z]+)\}")
_CHOICE = re.compile(r"\{([^{}\n]*\|[^{}\n]*)\}")
_OPTIONAL = re.compile(r"\[([ ,][^\[\]|{}]*|[^\[\]{}]*\|[^\[\]{}]*|[^\[\]|{}]*\?)\]")
_ALONE = re.compile(r"\{([\w .,#-]+)\}")
_LINE = re.compile(r"([a-z]{2}): (.*)")


class Prompt(NamedTuple):
    """A prompt with its task, language and where it came from."""

    tag: str
    language: str
    text: str
    source: str


def read_lines(path: Path) -> list[tuple[str, str, str]]:
    """(tag, language, text or template) of a file of `## tag` sections."""
    tag, found = "", []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            tag = line[3:].strip()
        elif match := _LINE.match(line):
            found.append((tag, match[1], match[2]))
    return found


def fillers() -> dict[str, list[str]]:
    """What each `{name}` may stand for."""
    name, found = "", {}
    for line in (PROMPTS / "train" / "fillers.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].strip()
            found[name] = []
        elif line and name:
            found[name].append(line)
    return found


def expand(template: str, named: dict[str, list[str]], draw: random.Random) -> str:
    """One prompt of a template."""
    text = _OPTIONAL.sub(
        lambda match: draw.choice(match[1].split("|")) if draw.random() < 0.5 else "", template
    )
    while match := _CHOICE.search(_NAME.sub(lambda found: f"\x00{found[1]}\x01", text)):
        text = _NAME.sub(lambda found: f"\x00{found[1]}\x01", text)
        text = text[: match.start()] + draw.choice(match[1].split("|")) + text[match.end() :]
        text = text.replace("\x00", "{").replace("\x01", "}")
    text = _NAME.sub(lambda found: draw.choice(named[found[1]]) if found[1] in named else found[1], text)
    return _ALONE.sub(r"\1", text).replace("\\n", "\n") if "=" not in template else text.replace("\\n", "\n")


def training_prompts(seed: int, draws: int, paths: Iterable[Path] | None = None) -> list[Prompt]:
    """Up to `draws` different prompts of every template, by default of those that are for the tags."""
    named, found = fillers(), []
    for path in paths or sorted((PROMPTS / "train").glob("*.txt")):
        for tag, language, template in read_lines(path):
            texts = dict.fromkeys(
                expand(template, named, random.Random(f"{seed}:{number}:{template}"))
                for number in range(draws)
            )
            found += [Prompt(tag, language, text, "own") for text in texts]
    return found


def written_prompts() -> list[Prompt]:
    """Prompts written one by one, each file by an author of its own, who is their source."""
    return [
        prompt._replace(source=f"{WRITTEN}{path.stem}")
        for path in sorted((PROMPTS / "written").glob("*.txt"))
        for prompt in fresh_prompts(path)
    ]


def puzzle_prompts(seed: int, draws: int) -> list[Prompt]:
    """Puzzles to train on: what must be worked out, and is neither mathematics nor code."""
    return training_prompts(seed, draws, [PROMPTS / "puzzles" / "train.txt"])


def fresh_prompts(path: Path = PROMPTS / "fresh.txt") -> list[Prompt]:
    """The prompts that judge and are never trained on."""
    lines = read_lines(path)
    return [Prompt(tag, language, text.replace("\\n", "\n"), "fresh") for tag, language, text in lines]
