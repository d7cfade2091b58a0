"""The routers are made by the first request that names one of them."""

import subprocess
import sys

from auto_questions import CODE, asking
from waystation.routing.auto.on_demand import SLUGS, routers_on_demand
from waystation.routing.auto.slugs import routers


def test_a_gateway_that_is_never_asked_for_auto_does_not_load_it() -> None:
    program = (
        "import sys, waystation.app.gateway\n"
        "from waystation.routing.auto.on_demand import routers_on_demand\n"
        "routers_on_demand()\n"
        "print(sorted({'numpy', 'waystation.routing.auto.weights'} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_all_routers_are_there_and_answer_as_if_made_at_once() -> None:
    late, early = routers_on_demand(), routers()
    assert late.keys() == early.keys() == {*SLUGS, "openrouter/free", "openrouter/pareto-code"}
    for _ in range(2):
        found = late["openrouter/auto"](asking(CODE), "openrouter/auto", None)
        assert found == early["openrouter/auto"](asking(CODE), "openrouter/auto", None)
