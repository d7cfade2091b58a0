"""The gateway that the tests of the contract share, and what stands behind it."""

from typing import Any, NamedTuple

from gateway_process import GatewayProcess
from scripted_provider import ScriptedProvider


class Contract(NamedTuple):
    """A gateway before two scripted providers: both serve `acme/dual`, the first `acme/m1` and OpenAI's models too."""

    gateway: GatewayProcess
    first: ScriptedProvider
    second: ScriptedProvider


CONTRACT_TOML = """
[server]
comment_grace = 0.2
max_body_mb = 1
[routing]
order = "listed"
repeats = 0
health = false
[providers.first]
base_url = "{first}"
api_key = "sk-fake-first"
first_byte_timeout = 20
models = [
  {{ id = "acme/m1", native_id = "m-one", context_length = 50000, prompt = "0.000001", completion = "0.0000025" }},
  {{ id = "acme/dual", native_id = "dual-at-first", context_length = 50000, prompt = "0.000001", completion = "0.000001" }},
  {{ id = "acme/priceless", context_length = 50000 }},
]
[providers.second]
base_url = "{second}"
models = [
  {{ id = "acme/dual", native_id = "dual-at-second", context_length = 50000, prompt = "0.000002", completion = "0.000002" }},
]
[providers.impatient]
base_url = "{first}"
first_byte_timeout = 0.3
answer_timeout = 0.3
models = [{{ id = "acme/impatient", context_length = 50000, prompt = "0", completion = "0" }}]
[providers.openai]
api_key = "sk-fake-openai"
base_url = "{first}"
"""


def assert_stream_error(failed: dict[str, Any]) -> None:
    """Contract 5.7, and what clients read of it."""
    assert type(failed["error"]["code"]) is int
    assert failed["error"]["message"]
    assert failed["error"]["metadata"]["error_type"]
    assert failed["id"].startswith("gen-")
    assert failed["object"] == "chat.completion.chunk"
    (choice,) = failed["choices"]
    assert choice["index"] == 0
    assert choice["finish_reason"] == "error"
    assert choice["delta"]["content"] == ""
