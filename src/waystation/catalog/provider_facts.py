"""Who serves endpoints: names, policies and the dialect spoken. Base URLs, keys and quirks belong to `providers`."""

from msgspec import Struct


class ProviderFacts(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One provider as `GET /providers` and the data policy filters need it. None is unknown, never no.

    `trains`: uses prompts for training. `retains`: keeps prompts, for `retention_days` where known. `zdr`: zero data
    retention without a contract of one's own. `adapter` is the default dialect of its chat endpoints.
    """

    slug: str
    name: str
    adapter: str = "openai_chat"
    privacy_policy_url: str | None = None
    terms_of_service_url: str | None = None
    status_page_url: str | None = None
    headquarters: str | None = None
    datacenters: tuple[str, ...] | None = None
    trains: bool | None = None
    retains: bool | None = None
    retention_days: int | None = None
    zdr: bool | None = None
    last_seen: str | None = None
