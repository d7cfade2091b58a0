import pytest

from waystation.catalog.generate.keys import key_of, spell


@pytest.mark.parametrize(
    ("native_id", "key"),
    [
        ("accounts/fireworks/models/glm-5p2", "glm-5-2"),
        ("zai-org/GLM-5.2-FP8", "glm-5-2"),
        ("glm5.2", "glm-5-2"),
        ("hf:Qwen/Qwen3.6-27B", "qwen3-6-27b"),
        ("@cf/meta/llama-3.3-70b-instruct-fp8-fast", "llama-3-3-70b"),
        ("meta.llama3-3-70b-instruct-v1:0", "llama-3-3-70b"),
        ("Meta-Llama-3_3-70B-Instruct", "llama-3-3-70b"),
        ("llama-v3p3-70b-instruct", "llama-3-3-70b"),
        ("claude-opus-4-6@default", "claude-opus-4-6"),
        ("anthropic-claude-4.6-opus", "claude-opus-4-6"),
        ("databricks-claude-opus-4-6", "claude-opus-4-6"),
        ("zai-org/GLM-5.1-TEE", "glm-5-1"),
        ("deepseek.r1-v1:0", "deepseek-r1"),
        ("openai.gpt-oss-120b-1:0", "gpt-oss-120b"),
        ("qwen/qwen-2.5-72b-instruct", "qwen2-5-72b"),
        ("nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16", "nemotron-3-ultra-550b-a55b"),
        ("moonshotai/chat-completion/models/Kimi-K2_6", "kimi-k2-6"),
    ],
)
def test_the_spellings_of_a_model_have_one_key(native_id: str, key: str) -> None:
    assert key_of(native_id) == key


def test_a_dated_id_is_tried_as_written_before_its_date_comes_off() -> None:
    assert spell("gpt-4o-2024-08-06").forms == ("gpt-4o-2024-08-06", "gpt-4o")
    assert spell("us.anthropic.claude-sonnet-4-5-20250929-v1:0").forms[-1] == "claude-sonnet-4-5"


def test_a_version_that_looks_like_a_date_stays() -> None:
    assert spell("mistral-large-2512").forms == ("mistral-large-2512",)
    assert spell("Qwen/Qwen3-235B-A22B-Thinking-2507").forms == ("qwen3-235b-a22b-thinking-2507",)


def test_quantization_region_and_speed_are_told() -> None:
    spelling = spell("Qwen/Qwen3-Coder-480B-A35B-Instruct-int4-mixed-ar")
    assert (spelling.org, spelling.quantization) == ("qwen", "int4")
    assert spell("eu.anthropic.claude-opus-4-6-v1").region == "eu"
    assert spell("Qwen/Qwen3-Coder-480B-A35B-Instruct-Turbo").speed == "turbo"
    assert spell("x/y:free").variant == "free"
