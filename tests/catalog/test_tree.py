from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from catalog.small_tree import small_models, write_small_tree
from waystation.catalog.packed import encode_packed
from waystation.catalog.pricing import Pricing
from waystation.catalog.tree import Profiles, TreeEndpoint, pack_tree, parameters_of

PROFILES = Profiles(
    providers={"default": ("max_tokens", "temperature", "stop"), "picky": ("max_tokens",)},
    abilities={"tools": ("tools", "tool_choice"), "without_sampling": ("temperature",)},
)


def endpoint(provider: str = "any", *abilities: str) -> TreeEndpoint:
    return TreeEndpoint(provider=provider, native_id="x", abilities=abilities)


def test_parameters_are_the_adapters_profile_plus_abilities() -> None:
    assert parameters_of(endpoint(), PROFILES) == {"max_tokens", "temperature", "stop"}
    assert parameters_of(endpoint("picky", "tools"), PROFILES) == {"max_tokens", "tools", "tool_choice"}
    assert parameters_of(endpoint("any", "without_sampling"), PROFILES) == {"max_tokens", "stop"}


def test_parameters_written_out_are_taken_as_they_are() -> None:
    row = replace(endpoint("any", "tools"), parameters=("seed",))
    assert parameters_of(row, PROFILES) == {"seed"}


def test_other_operations_have_no_chat_parameters() -> None:
    assert parameters_of(replace(endpoint("any", "tools"), operation="embeddings"), PROFILES) == frozenset()


def test_packing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_small_tree(tmp_path)
    assert encode_packed(pack_tree(tmp_path)) == encode_packed(pack_tree(tmp_path))


def test_prices_are_written_without_exponents_and_come_back_exact(tmp_path: Path) -> None:
    model = small_models(1)[0]
    tiny = replace(
        model.endpoints[0], pricing=Pricing(prompt=Decimal("0.000000003625"), completion=Decimal("1E-7"))
    )
    write_small_tree(tmp_path, [replace(model, endpoints=(tiny,))])
    text = (tmp_path / "models" / "acme.json").read_text(encoding="utf-8")
    assert '"prompt": "0.000000003625"' in text
    assert '"completion": "0.0000001"' in text
    assert pack_tree(tmp_path).models[0].endpoints[0].pricing.prompt == Decimal("0.000000003625")


def test_each_endpoint_has_a_line_of_its_own(tmp_path: Path) -> None:
    write_small_tree(tmp_path)
    lines = (tmp_path / "models" / "acme.json").read_text(encoding="utf-8").splitlines()
    assert sum('"native_id"' in line for line in lines) == 24


def test_files_by_hand_are_packed_and_never_touched(tmp_path: Path) -> None:
    write_small_tree(tmp_path)
    by_hand = tmp_path / "models" / "by_hand"
    by_hand.mkdir()
    (by_hand / "mine.json").write_text('[{"id": "mine/x", "name": "X"}]', encoding="utf-8")
    write_small_tree(tmp_path)
    assert "mine/x" in {model.id for model in pack_tree(tmp_path).models}
