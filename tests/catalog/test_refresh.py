import gzip
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from catalog.small_tree import small_models, write_small_tree
from waystation.catalog.index import Catalog
from waystation.catalog.layers import overlay
from waystation.catalog.load import file_layers, load_packaged
from waystation.catalog.packed import catalog_of, encode_packed
from waystation.catalog.refresh import RefreshReport, refresh, refresh_status
from waystation.catalog.refresh_read import RefreshSource
from waystation.catalog.tree import TreeModel
from waystation.catalog.versions import HISTORY_NAME, kept_versions, rollback

TODAY = "2026-11-22"
LITELLM = RefreshSource("prices", "litellm", "https://example.test/prices.json")


class Shelf:
    """A place that answers with what a test puts there, and remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def fetch(self, url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append((url, dict(headers)))
        if headers.get("If-None-Match") == '"v1"':
            return 304, {}, b""
        return self.status, {"ETag": '"v1"'}, self.pages.get(url, b"")


class Office:
    """A small catalogue, a data folder, and a shelf to refresh from."""

    def __init__(self, folder: Path, models: list[TreeModel] | None = None) -> None:
        self.packaged = write_small_tree(folder / "packaged", models)
        self.data_dir = folder / "data"
        self.shelf = Shelf()

    async def refresh(
        self, prices: object, *, today: str = TODAY, check: bool = False, dry_run: bool = False
    ) -> RefreshReport:
        self.shelf.pages[LITELLM.location] = (
            prices if isinstance(prices, bytes) else msgspec.json.encode(prices)
        )
        return await self.run([LITELLM], today=today, check=check, dry_run=dry_run)

    async def run(
        self, sources: list[RefreshSource], *, today: str = TODAY, check: bool = False, dry_run: bool = False
    ) -> RefreshReport:
        return await refresh(
            sources,
            self.shelf.fetch,
            self.data_dir,
            today=today,
            check=check,
            dry_run=dry_run,
            packaged=self.packaged,
        )

    def forget(self) -> None:
        """Have the next refresh ask without conditions."""
        state = self.data_dir / "catalog-refresh.json"
        text = state.read_text(encoding="utf-8").replace('\\"v1\\"', "")
        state.write_text(text, encoding="utf-8")

    def catalog(self) -> Catalog:
        base = catalog_of(load_packaged(self.packaged))
        return overlay(base, file_layers(base.generated_at, self.data_dir))

    def prompt(self, model_id: str, tag: str = "alpha") -> Decimal | None:
        model = self.catalog().get(model_id)
        assert model is not None
        return next(item.pricing.prompt for item in model.endpoints if item.tag == tag)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def prices(factor: str = "1", **changed: dict[str, object]) -> dict[str, dict[str, object]]:
    """litellm's rows of the small catalogue, all rates times `factor`; `changed` by the name of a model at alpha."""
    rows: dict[str, dict[str, object]] = {}
    for number in range(1, 13):
        for provider, native_id, rate in (
            ("alpha", f"m{number}", "0.000001"),
            ("beta", f"acme/M{number}", "0.0000005"),
        ):
            prompt = Decimal(rate) * Decimal(factor)
            rows[f"{provider}/{native_id}"] = {
                "litellm_provider": provider,
                "mode": "chat",
                "input_cost_per_token": float(prompt),
                "output_cost_per_token": float(prompt * 4),
            } | (changed.get(f"m{number}", {}) if provider == "alpha" else {})
    return rows


async def test_a_changed_price_is_taken_and_noted(office: Office) -> None:
    report = await office.refresh(prices(m1={"input_cost_per_token": 2e-06}))
    assert report.written
    assert [(change.model_id, change.rate, change.after) for change in report.changes] == [
        ("acme/m1", "prompt", Decimal("0.000002"))
    ]
    assert office.prompt("acme/m1") == Decimal("0.000002")
    assert office.prompt("acme/m2") == Decimal("0.000001")
    assert office.catalog().generated_at == TODAY
    line = msgspec.json.decode((office.data_dir / HISTORY_NAME).read_bytes())
    assert (line["before"], line["after"], line["since"]) == ("0.000001", "0.000002", TODAY)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"<html>not found</html>", b'{"m1": {"litellm_provider": 5}}', b"[]", b"{}"]
)
async def test_a_corrupted_source_is_refused(office: Office, content: bytes) -> None:
    report = await office.refresh(content)
    assert report.sources[0].outcome == "refused"
    assert report.sources[0].reason
    assert not report.written
    assert kept_versions(office.data_dir) == []


async def test_a_shrunken_source_is_refused(office: Office) -> None:
    report = await office.refresh(dict(list(prices().items())[:20]))
    assert report.sources[0].reason == "20 rows where there were 24: more than a tenth vanished"
    assert not report.written


async def test_a_source_that_lost_a_tenth_of_its_endpoints_is_refused_though_it_has_other_rows(
    office: Office,
) -> None:
    await office.refresh(prices())
    office.forget()
    fewer = dict(list(prices().items())[:20])
    strangers = {f"other/x{number}": {"litellm_provider": "other", "mode": "chat"} for number in range(10)}
    report = await office.refresh(fewer | strangers)
    assert report.sources[0].reason == "4 of 24 endpoints vanished: more than a tenth"


@pytest.mark.parametrize("factor", ["1000", "0.001", "6"])
async def test_prices_in_another_unit_are_refused(office: Office, factor: str) -> None:
    report = await office.refresh(prices(factor))
    assert report.sources[0].outcome == "refused"
    assert "wrong units" in (report.sources[0].reason or "")
    assert len(report.quarantined) == 48
    assert not report.written
    assert office.prompt("acme/m1") == Decimal("0.000001")


async def test_a_single_leap_is_held_back_and_the_rest_goes_on(office: Office) -> None:
    report = await office.refresh(
        prices(
            m1={"input_cost_per_token": 1e-05, "output_cost_per_token": 5e-06},
            m2={"input_cost_per_token": 2e-06},
        )
    )
    assert [(change.model_id, change.rate) for change in report.quarantined] == [("acme/m1", "prompt")]
    assert office.prompt("acme/m1") == Decimal("0.000001")
    assert office.prompt("acme/m2") == Decimal("0.000002")
    model = office.catalog().get("acme/m1")
    assert model is not None
    assert model.endpoints[0].pricing.completion == Decimal("0.000004")


async def test_no_price_becomes_zero(office: Office) -> None:
    report = await office.refresh(prices(m1={"input_cost_per_token": 0, "output_cost_per_token": 0}))
    assert [change.model_id for change in report.zeroed] == ["acme/m1", "acme/m1"]
    assert office.prompt("acme/m1") == Decimal("0.000001")


async def test_a_new_endpoint_joins_the_model_it_serves(tmp_path: Path) -> None:
    models = small_models()
    models[-1] = replace(models[-1], endpoints=models[-1].endpoints[1:])
    office = Office(tmp_path, models)
    rows = prices() | {"alpha/unheard-of": prices()["alpha/m1"]}
    report = await office.refresh(rows)
    assert report.added == ("acme/m12 alpha",)
    assert office.prompt("acme/m12", "alpha") == Decimal("0.000001")
    assert office.catalog().by_native("alpha", "unheard-of") is None
    found = office.catalog().by_native("alpha", "m12")
    assert found is not None
    assert "temperature" in found.supported_parameters


async def test_a_new_model_needs_an_author_that_we_know(office: Office, tmp_path: Path) -> None:
    packed = load_packaged(office.packaged)
    new = [
        replace(
            packed.models[0],
            id=slug,
            endpoints=tuple(
                replace(item, model_id=slug, native_id=slug) for item in packed.models[0].endpoints
            ),
        )
        for slug in ("acme/m99", "stranger/m1")
    ]
    file = tmp_path / "team.json.gz"
    file.write_bytes(encode_packed(replace(packed, models=(*packed.models, *new))))
    report = await office.run([RefreshSource("team", "catalog", str(file))])
    assert report.added == ("acme/m99 alpha", "acme/m99 beta")
    assert set(report.unknown_authors) == {"stranger/m1"}
    assert office.catalog().get("acme/m99") is not None
    assert office.catalog().get("stranger/m1") is None


async def test_what_retires_is_hidden_when_its_day_has_come(office: Office) -> None:
    report = await office.refresh(
        prices(m1={"deprecation_date": TODAY}, m2={"deprecation_date": "2999-01-01"})
    )
    assert report.hidden == ("acme/m1 alpha",)
    model = office.catalog().get("acme/m1")
    assert model is not None
    assert [endpoint.tag for endpoint in model.endpoints] == ["beta"]


async def test_few_vanished_endpoints_are_hidden(office: Office) -> None:
    await office.refresh(prices())
    office.forget()
    rows = prices()
    del rows["alpha/m3"]
    report = await office.refresh(rows)
    assert report.hidden == ("acme/m3 alpha",)


async def test_an_unchanged_source_is_asked_with_its_tag_and_left_alone(office: Office) -> None:
    await office.refresh(prices())
    report = await office.refresh(prices("2"))
    assert office.shelf.asked[0][1] == {}
    assert office.shelf.asked[1][1] == {"If-None-Match": '"v1"'}
    assert report.sources[0].outcome == "unchanged"
    assert not report.written
    assert office.prompt("acme/m1") == Decimal("0.000001")


@pytest.mark.parametrize("check", [True, False])
async def test_checking_and_rehearsing_write_nothing(office: Office, *, check: bool) -> None:
    report = await office.refresh(prices(m1={"input_cost_per_token": 2e-06}), check=check, dry_run=not check)
    assert report.sources[0].outcome == "changed"
    assert not report.written
    assert kept_versions(office.data_dir) == []
    assert list(office.data_dir.glob("*")) == []
    assert len(report.changes) == (0 if check else 1)


async def test_an_answer_other_than_success_is_refused(office: Office) -> None:
    office.shelf.status = 503
    report = await office.refresh(prices())
    assert report.sources[0].reason == "answered with status 503"


async def test_a_source_too_large_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waystation.catalog.refresh_read.SIZE_LIMIT", 1000)
    report = await office.refresh(prices())
    assert "more than the 1000" in (report.sources[0].reason or "")


async def test_one_broken_source_does_not_stop_the_others(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_bytes(msgspec.json.encode(prices(m1={"input_cost_per_token": 2e-06})))
    sources = [
        RefreshSource("missing", "litellm", str(tmp_path / "missing.json")),
        RefreshSource("off", "litellm", "https://example.test/never", enabled=False),
        RefreshSource("file", "litellm", str(file)),
    ]
    report = await office.run(sources)
    assert [(outcome.name, outcome.outcome) for outcome in report.sources] == [
        ("missing", "refused"),
        ("file", "changed"),
    ]
    assert office.prompt("acme/m1") == Decimal("0.000002")
    assert office.shelf.asked == []


async def test_where_sources_differ_the_first_wins(office: Office, tmp_path: Path) -> None:
    sources = []
    for name, rate in (("first", 2e-06), ("second", 3e-06)):
        file = tmp_path / f"{name}.json"
        file.write_bytes(msgspec.json.encode(prices(m1={"input_cost_per_token": rate})))
        sources.append(RefreshSource(name, "litellm", str(file)))
    await office.run(sources)
    assert office.prompt("acme/m1") == Decimal("0.000002")


async def test_refreshes_can_be_taken_back_one_by_one_to_the_packaged_facts(office: Office) -> None:
    for step, dear in enumerate((2e-06, 3e-06, 4e-06, 5e-06, 6e-06)):
        await office.refresh(prices(m1={"input_cost_per_token": dear}), today=f"2026-12-0{step + 1}")
        office.forget()
    assert len(kept_versions(office.data_dir)) == 4
    assert office.prompt("acme/m1") == Decimal("0.000006")
    for rate in ("0.000005", "0.000004", "0.000003"):
        rollback(office.data_dir)
        assert office.prompt("acme/m1") == Decimal(rate)
    assert rollback(office.data_dir) == "packaged"
    assert office.prompt("acme/m1") == Decimal("0.000001")
    with pytest.raises(FileNotFoundError):
        rollback(office.data_dir)


async def test_a_second_refresh_keeps_what_the_first_found(office: Office) -> None:
    await office.refresh(prices(m1={"input_cost_per_token": 2e-06}))
    office.forget()
    await office.refresh(prices(m1={"input_cost_per_token": 2e-06}, m2={"output_cost_per_token": 5e-06}))
    assert office.prompt("acme/m1") == Decimal("0.000002")
    model = office.catalog().get("acme/m2")
    assert model is not None
    assert model.endpoints[0].pricing.completion == Decimal("0.000005")
    assert model.endpoints[0].pricing.prompt == Decimal("0.000001")


async def test_a_team_may_publish_a_catalogue_of_its_own(office: Office, tmp_path: Path) -> None:
    packed = load_packaged(office.packaged)
    (model, *others) = packed.models
    cheaper = replace(
        model.endpoints[0],
        pricing=replace(model.endpoints[0].pricing, prompt=Decimal("9E-7")),
    )
    changed = replace(packed, models=(replace(model, endpoints=(cheaper,)), *others))
    file = tmp_path / "team.json.gz"
    file.write_bytes(encode_packed(changed))
    report = await office.run([RefreshSource("team", "catalog", str(file))])
    assert report.sources[0].outcome == "changed"
    assert office.prompt(model.id) == Decimal("0.0000009")
    file.write_bytes(gzip.compress(b'{"format": 99}'))
    assert (await office.run([RefreshSource("team", "catalog", str(file))])).sources[0].outcome == "refused"


async def test_a_gateway_fills_quantization_and_limits(office: Office) -> None:
    base = "https://gateway.test/api/v1"
    endpoint = {
        "tag": "alpha",
        "quantization": "fp8",
        "context_length": 16384,
        "max_completion_tokens": 2048,
        "pricing": {"prompt": "0.0000011", "completion": "0.000004", "discount": 0},
        "supported_parameters": ["tools"],
    }
    office.shelf.pages[f"{base}/models"] = msgspec.json.encode({"data": [{"id": "acme/m1", "name": "M1"}]})
    office.shelf.pages[f"{base}/models/acme/m1/endpoints"] = msgspec.json.encode(
        {"data": {"endpoints": [endpoint]}}
    )
    report = await office.run([RefreshSource("gateway", "openrouter-compatible", base)])
    assert report.written
    model = office.catalog().get("acme/m1")
    assert model is not None
    alpha = model.endpoints[0]
    assert (alpha.quantization, alpha.context_length, alpha.max_completion_tokens) == ("fp8", 16384, 2048)
    assert alpha.pricing.prompt == Decimal("0.0000011")


async def test_a_catalogue_is_called_stale_after_forty_five_days(office: Office) -> None:
    await office.refresh(prices())
    assert not refresh_status(office.data_dir, today="2027-01-06", catalog=office.catalog()).stale
    status = refresh_status(office.data_dir, today="2027-01-07", catalog=office.catalog())
    assert (status.age_days, status.stale, status.versions) == (46, True, (TODAY,))
