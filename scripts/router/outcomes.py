"""The shared sets of outcomes: which models answered which prompt right. Read, never copied into the project."""

import gzip
import hashlib
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from prompts import Prompt

SETS = (
    "routellm_mmlu",
    "routellm_gsm8k",
    "mmlu_pro",
    "zeroeval_gsm",
    "zeroeval_math_l5",
    "zeroeval_crux",
    "uiuc_llmrouter",
)
OPEN_WEIGHTS = {
    "routellm_gsm8k": 3.0,
    "zeroeval_gsm": 1.0,
    "zeroeval_math_l5": 0.3,
    "zeroeval_crux": 0.3,
    "routellm_mmlu": 0.1,
    "mmlu_pro": 0.1,
}
"""How much a prompt of each set counts in the fit of the gap of open questions; of the others, form and words help a little."""
OFFERED_WEIGHTS = {"routellm_mmlu": 1.0, "mmlu_pro": 0.1}
"""The same in the fits of success where answers are offered."""
HARD_WEIGHTS = {"mmlu_pro": 1.0, "zeroeval_gsm": 3.0, "zeroeval_math_l5": 3.0, "zeroeval_crux": 3.0}
"""The same in the fit of hardness: the sets with dozens of models."""
JUDGED = 30
"""Folds below this one judge; hundredths of all questions."""

WEAK = {
    "routellm_mmlu": ("mixtral-8x7b-instruct-v0.1",),
    "routellm_gsm8k": ("mixtral-8x7b-instruct-v0.1",),
    "mmlu_pro": (
        "Mixtral-8x7B-Instruct-v0.1",
        "Mixtral-8x7B-v0.1",
        "Meta-Llama-3-8B",
        "Meta-Llama-3_1-8B-Instruct",
        "Yi-34B",
        "c4ai-command-r-v01",
        "Phi-3-mini-4k-instruct",
    ),
    "uiuc_llmrouter": (
        "codegemma-7b",
        "llama3-chatqa-1.5-70b",
        "llama3-chatqa-1.5-8b",
        "mistral-7b-instruct-v0.3",
    ),
}
STRONG = {
    "routellm_mmlu": ("gpt-4-1106-preview",),
    "routellm_gsm8k": ("gpt-4-1106-preview",),
    "mmlu_pro": (
        "gemini-1.5-pro-002",
        "gemini-1.5-flash-002",
        "Meta-Llama-3_1-70B-Instruct",
        "DeepSeek-Coder-V2",
        "Meta-Llama-3_1-70B",
    ),
    "uiuc_llmrouter": (
        "llama-3.1-nemotron-51b-instruct",
        "llama-3.3-nemotron-super-49b-v1",
        "gemma-2-9b-it",
    ),
}
ZEROEVAL_WEAK = (
    "Mixtral-8x7B-Instruct-v0.1",
    "Yi-1.5-9B-Chat",
    "Meta-Llama-3-8B-Instruct",
    "gpt-3.5-turbo-0125",
    "reka-flash-20240226",
)
ZEROEVAL_STRONG = (
    "gpt-4-turbo-2024-04-09",
    "gpt-4o-2024-05-13",
    "claude-3-opus-20240229",
    "claude-3-5-sonnet-20240620",
    "gpt-4-0314",
    "Llama-3.1-405B-Inst@sambanova",
    "gemini-1.5-pro",
)
"""The middling and the strong models of each set, whose mean success the two heads of difficulty predict."""


class Outcomes(NamedTuple):
    """One set: `scores[i, j]` says whether model j answered prompt i right, NaN where unknown; `folds` are 0 to 99."""

    name: str
    models: list[str]
    prompts: list[str]
    scores: np.ndarray
    folds: np.ndarray
    groups: list[str]

    def mean_of(self, models: tuple[str, ...]) -> np.ndarray:
        """The share of these models that answered each prompt right."""
        columns = [self.models.index(model) for model in models if model in self.models]
        return np.nanmean(self.scores[:, columns], axis=1)

    def targets(self) -> np.ndarray:
        """(n, 2): success of the middling and of the strong models."""
        weak = WEAK.get(self.name, ZEROEVAL_WEAK)
        strong = STRONG.get(self.name, ZEROEVAL_STRONG)
        return np.stack([self.mean_of(weak), self.mean_of(strong)], axis=1)


def folder() -> Path:
    """Where the shared sets are."""
    shared = os.environ.get("WAYSTATION_SHARED") or Path(__file__).resolve().parents[3] / "shared"  # noqa: TID251
    return Path(shared) / "data" / "router"


def fold_of(prompt: str) -> int:
    """0 to 99, by the question alone: a question is on one side in all sets, whatever answers it offers."""
    question = re.sub(r"\W+", " ", prompt.split("\nA. ", maxsplit=1)[0].lower()).strip()
    return int(hashlib.sha256(f"waystation-router-1:{question}".encode()).hexdigest()[:8], 16) % 100


def read(name: str) -> Outcomes:
    """One set of outcomes."""
    head, *rows = _lines(name)
    scores = np.full((len(rows), len(head["models"])), np.nan, np.float32)
    for i, row in enumerate(rows):
        for j, value in enumerate(row["s"]):
            if value not in ("-", None):
                scores[i, j] = float(value)
    prompts = [row["prompt"] for row in rows]
    folds = np.array([fold_of(prompt) for prompt in prompts])
    return Outcomes(name, head["models"], prompts, scores, folds, [row.get("group", "") for row in rows])


def labelled() -> list[Prompt]:
    """The shared prompts with a task label; their sources are the repositories they came from."""
    _, *rows = _lines("task_types")
    return [Prompt(row["label"], "en", row["prompt"], row["source"].split("/")[0]) for row in rows]


def _lines(name: str) -> list[dict]:
    with gzip.open(folder() / f"{name}.train.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
