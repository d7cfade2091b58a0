"""Amazon Bedrock: its regions, its two kinds of credentials, and whose reasoning it hands on.

A key is a Bedrock API key (sent as it is) or an AWS access key written `ACCESS:SECRET` or `ACCESS:SECRET:TOKEN` (used to
sign each request). Sources: the Amazon Bedrock user guide, on API keys, endpoints and inference profiles.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import structs

from waystation.catalog.endpoint import Endpoint
from waystation.codec.dialect import Target
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event, ReasoningDelta
from waystation.operations.parts import JsonObject, Part, Reasoning
from waystation.providers.base import Amendment, Configuration, Provider
from waystation.upstream.signing import AwsCredentials, SigningScope, sign

DEFAULT_REGION: Final = "us-east-1"
_REGION_VARIABLES: Final = ("AWS_BEDROCK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
_ARN: Final = re.compile(r"arn:aws[^:]*:(?:bedrock|sagemaker):([a-z0-9-]+):")
_HOST_REGION: Final = re.compile(r"//bedrock-(?:runtime|mantle)(?:-fips)?\.([a-z0-9-]+)\.")
_AREAS: Final = (("us-gov-", "us-gov."), ("eu-", "eu."), ("ap-", "apac."))
"""Areas of the world that have inference profiles of their own, by what their regions' names begin with."""
_FORMATS: Final = (
    (re.compile(r"claude|^anthropic/"), "anthropic-claude-v1"),
    (re.compile(r"(?:^|\.)openai\.gpt-\d|^openai/gpt-\d"), "bedrock-openai-responses-v1"),
    (re.compile(r"(?:^|\.)xai\.|^x-ai/"), "bedrock-xai-responses-v1"),
)
"""Whose opaque reasoning a model makes (contract section 11), by its native id or slug."""


class AmazonBedrock(Provider):
    """One address a region; the model is in the path, and may be an ARN that names another region."""

    slug = "amazon-bedrock"
    name = "Amazon Bedrock"
    dialect = "bedrock_converse"
    embeddings_dialect = "bedrock_embeddings"
    rerank_dialect = "bedrock_rerank"
    key_variables = ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID")
    signs = True

    def __init__(self, configuration: Configuration | None = None) -> None:
        chosen = configuration or Configuration()
        self._own_address = chosen.base_url
        self.region = chosen.region or _variable(chosen.environment, _REGION_VARIABLES) or DEFAULT_REGION
        self.base_url = _address("bedrock-runtime", self.region)
        super().__init__(configuration)

    @classmethod
    def keys_in(cls, environment: Mapping[str, str]) -> tuple[str, ...]:
        """A Bedrock API key, else an access key with its secret and session token."""
        bearer = _variable(environment, ("AWS_BEARER_TOKEN_BEDROCK",))
        if bearer:
            return (bearer,)
        pair = [_variable(environment, (name,)) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
        if not all(pair):
            return ()
        token = _variable(environment, ("AWS_SESSION_TOKEN",))
        return (":".join([*pair, token] if token else pair),)

    def authorize(self, key: str) -> list[tuple[str, str]]:
        """A Bedrock API key is a bearer token; an access key is only ever signed with."""
        return super().authorize("" if ":" in key else key)

    def sign(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes, key: str
    ) -> list[tuple[str, str]]:
        """Signature Version 4 where the key is an access key."""
        access_key, _, rest = key.partition(":")
        secret_key, _, token = rest.partition(":")
        if not secret_key:
            return []
        found = _HOST_REGION.search(url)
        return sign(
            method,
            url,
            headers,
            body,
            credentials=AwsCredentials(access_key, secret_key, token or None),
            scope=SigningScope(found[1] if found else self.region, "bedrock"),
            now=datetime.now(UTC),
        )

    def url_for(self, path: str, endpoint: Endpoint | None = None) -> str:
        """The region's own address, unless the operator gave one; OpenAI's protocols have another host."""
        arn = _ARN.match(endpoint.native_id) if endpoint is not None else None
        region = arn[1] if arn else self.region
        if not path.startswith("/model/"):
            return (self._own_address or f"{_address('bedrock-mantle', region)}/v1") + path
        return (self.base_url if self._own_address or not arn else _address("bedrock-runtime", region)) + path

    def target(self, endpoint: Endpoint) -> Target:
        """The catalogue names the profile of the US; other areas have theirs under the same name."""
        target = super().target(endpoint)
        area = next((area for start, area in _AREAS if self.region.startswith(start)), None)
        if area is None or not target.native_id.startswith("us."):
            return target
        return structs.replace(target, native_id=area + target.native_id.removeprefix("us."))

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """The endpoint's tier, and the maker's mark on reasoning, which Converse itself does not tell."""
        amendment = super().amend_request(body, endpoint)
        if (
            endpoint.service_tier is not None
            and "messages" in body
            and self.dialect_for(endpoint) == self.dialect
        ):
            body["serviceTier"] = {"type": endpoint.service_tier}
        origin = _reasoning_format(endpoint)
        if origin is None:
            return amendment
        return Amendment(
            amendment.dropped if amendment else (),
            amend_result=lambda result: _marked_result(result, origin),
            amend_events=lambda events: _marked_events(events, origin),
        )


def _variable(environment: Mapping[str, str], names: Sequence[str]) -> str:
    """The first of these variables that is set."""
    return next((value for name in names if (value := environment.get(name, "").strip())), "")


def _address(host: str, region: str) -> str:
    if host == "bedrock-mantle":
        return f"https://{host}.{region}.api.aws"
    return f"https://{host}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _reasoning_format(endpoint: Endpoint) -> str | None:
    for pattern, origin in _FORMATS:
        if pattern.search(endpoint.native_id) or pattern.search(endpoint.model_id):
            return origin
    return None


def _marked_result(result: ChatResult, origin: str) -> ChatResult:
    choices = [
        structs.replace(choice, parts=tuple([_marked(part, origin) for part in choice.parts]))
        for choice in result.choices
    ]
    return structs.replace(result, choices=tuple(choices))


def _marked(part: Part, origin: str) -> Part:
    return structs.replace(part, origin=origin) if isinstance(part, Reasoning) else part


def _marked_events(events: list[Event], origin: str) -> list[Event]:
    return [
        structs.replace(event, details=tuple([structs.replace(one, origin=origin) for one in event.details]))
        if isinstance(event, ReasoningDelta) and event.details
        else event
        for event in events
    ]


PROVIDER = AmazonBedrock
