"""How much the gateway takes in before it knows who asks: whole bodies are held in memory."""

import pytest

from gateway_client import call
from gateway_process import MANAGEMENT_KEY, GatewayProcess, StartGateway

LARGE = {"messages": [{"role": "user", "content": "x" * (2 * 2**20)}], "model": "no/model"}


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway) -> GatewayProcess:
    return start_gateway("")


@pytest.mark.parametrize("key", [None, MANAGEMENT_KEY])
@pytest.mark.parametrize(
    "path", ["/api/v1/auth/keys", "/auth", "/api/v1/keys", "/v1/analytics/query", "/no/such"]
)
def test_what_is_not_inference_takes_a_mebibyte_at_most(
    gateway: GatewayProcess, path: str, key: str | None
) -> None:
    answer = call(gateway, "POST", path, LARGE, key=key)

    assert answer.status == 413
    assert answer.error["message"] == "The request body is over the limit of 1 MB."


@pytest.mark.parametrize("base", ["/api/v1", "/v1"])
@pytest.mark.parametrize("path", ["/route", "/chat/completions"])
def test_a_prompt_may_be_as_long_for_an_explanation_as_for_an_answer(
    gateway: GatewayProcess, base: str, path: str
) -> None:
    assert "is not a valid model ID" in call(gateway, "POST", base + path, LARGE).error["message"]


def test_who_has_no_key_is_refused_before_a_long_prompt_is_read(gateway: GatewayProcess) -> None:
    assert call(gateway, "POST", "/api/v1/route", LARGE, key=None).status == 401
