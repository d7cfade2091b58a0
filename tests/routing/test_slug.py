"""Names become models, or errors that say what would have worked."""

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog, LatestFamily
from waystation.catalog.model import Model
from waystation.errors import InvalidRequest, ModelUnavailable, NotFound
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.operations.preferences import OrderBy
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking
from waystation.routing.slug import resolve

HELLO = (Message("user", (Text("Hello"),)),)


def model(model_id: str, created: int = 0) -> Model:
    author, _, name = model_id.partition("/")
    endpoint = Endpoint(model_id, "acme", "acme", name)
    return Model(model_id, f"{model_id}-20260101", name, author, created=created, endpoints=(endpoint,))


CATALOG = Catalog(
    [
        model("acme/m1", 1),
        model("acme/m2", 2),
        model("acme/gem-1", 1),
        model("acme/gem-2", 2),
        model("other/gpt-4o"),
    ],
    aliases={"acme/old-m1": "acme/m1"},
    latest=[LatestFamily("~acme/gem-latest", "acme", ("gem",))],
    successors={"acme/m0": "acme/m1"},
)
OFFERS = Offers(CATALOG, lambda _: True, "price", {}, str)


def resolved(*names: str, offers: Offers = OFFERS) -> tuple[Candidate, ...]:
    model_name, *models = names or (None,)
    request = ChatRequest("openai_chat", model_name, HELLO, tuple(name for name in models if name))
    return resolve(Asking(request, PromptSize(10, lambda: 3), offers))


def refusal(*names: str) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        resolved(*names)
    return caught.value


def test_an_exact_id_is_direct() -> None:
    (candidate,) = resolved("acme/m1")
    assert (candidate.model.id, candidate.strategy) == ("acme/m1", "direct")


def test_an_old_name_is_an_alias() -> None:
    (candidate,) = resolved("acme/old-m1")
    assert (candidate.model.id, candidate.strategy) == ("acme/m1", "alias")


def test_latest_is_the_newest_of_its_family() -> None:
    (candidate,) = resolved("~acme/gem-latest")
    assert (candidate.model.id, candidate.strategy) == ("acme/gem-2", "latest")


def test_unknown_names_are_skipped_while_others_remain() -> None:
    assert [c.model.id for c in resolved("nobody/none", "acme/m2", "acme/m2")] == ["acme/m2"]


def test_an_unknown_name_of_any_length_is_said_again_in_part() -> None:
    error = refusal("acme/" + "x" * 100_000)

    assert len(error.message) < 400
    assert error.availability is not None
    assert len(error.availability.requested_models[0]) == 256


def test_a_name_without_its_author_is_told_the_whole_name() -> None:
    error = refusal("gpt-4o")
    assert (error.status, error.error_type) == (400, "invalid_request")
    assert "other/gpt-4o" in error.message
    assert error.availability is not None
    assert error.availability.code == "model_not_found"
    assert error.availability.fallback_models == ("other/gpt-4o",)


def test_an_unknown_name_is_told_close_ones() -> None:
    error = refusal("acme/m11")
    assert error.availability is not None
    assert "acme/m1" in error.availability.fallback_models


def test_a_free_variant_that_is_gone_names_the_paid_one() -> None:
    error = refusal("acme/m1:free")
    assert error.status == 404
    assert error.availability is not None
    assert error.availability.code == "free_variant_ended"
    assert error.availability.fallback_models == ("acme/m1",)


def test_no_name_at_all_is_a_bad_request() -> None:
    with pytest.raises(InvalidRequest, match="model"):
        resolved()


def test_a_model_that_was_retired_names_its_successor() -> None:
    error = refusal("acme/m0")
    assert error.status == 404
    assert error.availability is not None
    assert (error.availability.code, error.availability.fallback_models) == ("model_deprecated", ("acme/m1",))


def test_latest_prefers_a_model_that_can_be_called() -> None:
    offers = Offers(CATALOG, lambda endpoint: endpoint.model_id == "acme/gem-1", "price", {}, str)
    (candidate,) = resolved("~acme/gem-latest", offers=offers)
    assert candidate.model.id == "acme/gem-1"


@pytest.mark.parametrize(
    ("name", "sort", "tier", "strategy"),
    [
        ("acme/m1:nitro", "throughput", "priority", "direct"),
        ("acme/m1:floor", "price", "flex", "direct"),
        ("acme/m1:exacto", "exacto", None, "direct"),
        ("acme/m1:FLOOR", "price", "flex", "direct"),
        ("acme/old-m1:nitro", "throughput", "priority", "alias"),
        ("~acme/gem-latest:floor", "price", "flex", "latest"),
        ("acme/m1:floor:nitro", "throughput", "priority", "direct"),
        ("acme/m1", None, None, "direct"),
    ],
)
def test_dynamic_variants_are_peeled_from_the_right(
    name: str, sort: str | None, tier: str | None, strategy: str
) -> None:
    (candidate,) = resolved(name)
    assert (candidate.sort, candidate.tier, candidate.strategy) == (sort, tier, strategy)
    assert candidate.requested == name


def test_a_static_variant_is_a_row_below_a_dynamic_one() -> None:
    offers = Offers(Catalog([model("acme/m1"), model("acme/m1:free")]), lambda _: True, "price", {}, str)
    (candidate,) = resolved("acme/m1:free:nitro", offers=offers)
    assert (candidate.model.id, candidate.sort) == ("acme/m1:free", "throughput")


@pytest.mark.parametrize("variant", ["extended", "thinking", "batch", "nonsense"])
def test_a_static_variant_without_a_row_is_not_found(variant: str) -> None:
    error = refusal(f"acme/m1:{variant}")
    assert error.status == 400
    assert error.availability is not None
    assert error.availability.code == "model_not_found"
    assert "acme/m1" in error.availability.fallback_models


def test_online_names_the_plugin_that_is_missing() -> None:
    with pytest.raises(InvalidRequest, match="plugin `web`"):
        resolved("acme/m1:online")


def test_a_preset_that_does_not_exist_is_a_404() -> None:
    for name in ("@preset/x", "acme/m1@preset/x"):
        with pytest.raises(NotFound, match="preset x") as caught:
            resolved(name)
        assert caught.value.status == 404
    request = ChatRequest("openai_chat", "acme/m1", HELLO, preset="x")
    with pytest.raises(NotFound, match="preset x"):
        resolve(Asking(request, PromptSize(10, lambda: 3), OFFERS))


def test_the_automatic_router_is_whichever_is_handed_in() -> None:
    picked = Candidate(CATALOG.models[0], "auto", "openrouter/auto")

    def pick(asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
        assert (asking.request.model, sort) == (name, None)
        return (picked,)

    for name in ("auto", "openrouter/auto", "waystation/auto"):
        request = ChatRequest("openai_chat", name, HELLO)
        asking = Asking(request, PromptSize(10, lambda: 3), OFFERS)
        assert resolve(asking, {"openrouter/auto": pick}) == (picked,)
        assert refusal(name).status == 400, "without one the name is unknown"
