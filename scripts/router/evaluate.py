"""`make eval-router`: the auto router's figures, each with a bootstrap interval, beside floor and goal.

What is judged was trained by the same recipe as the weights that ship, without the folds that judge. The prompts of
`fresh.txt` and `pairs.txt` are never trained on and judge the shipped weights' twin as well.
"""

import sys
import time
from collections.abc import Callable

import judge_choice
import judge_cost
import judge_need
import judge_speed
import judge_tags
import outcomes
from figures import Figure, show
from recipe import gather, train


def main() -> None:
    """Print every figure as it comes."""
    began = time.monotonic()
    material = gather()
    judged = train(material, outcomes.JUDGED)
    say(f"read, measured and trained in {time.monotonic() - began:.0f} s\n")
    for part in (
        lambda: judge_need.pairs(material, judged),
        lambda: judge_need.kinds(material),
        lambda: judge_tags.fresh(judged) + judge_tags.steady(judged),
        lambda: judge_choice.figures(judged),
        judge_speed.figures,
        lambda: judge_tags.within(material),
        lambda: judge_tags.across(material),
        lambda: judge_tags.authors(material),
        lambda: judge_cost.figures(material),
        lambda: judge_need.transfer(material),
    ):
        report(part)
    say(f"\n{time.monotonic() - began:.0f} s")


def report(part: Callable[[], list[Figure]]) -> None:
    """Compute and print one group of figures."""
    for figure in part():
        say(show(figure))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
