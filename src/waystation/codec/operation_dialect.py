"""What a dialect owes for operations that are asked and answered whole: embeddings and rerank. Without I/O, like all."""

from typing import Protocol

from waystation.codec.dialect import Headers, Identity, RenderedRequest, Target
from waystation.errors import ProviderError
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult
from waystation.operations.rerank import RerankRequest, RerankResult
from waystation.operations.usage import Cost


class EmbeddingsOutward(Protocol):
    """The half of an embeddings wire that speaks with providers. Stateless."""

    @property
    def name(self) -> str:
        """What `Endpoint.protocol` and `Provider.embeddings_dialect` call it."""
        ...

    def most_inputs(self, target: Target) -> int:
        """How many inputs one call takes; `codec.embedding_batches` makes calls of that size and joins the answers."""
        ...

    def render_request(self, request: EmbeddingsRequest, target: Target) -> RenderedRequest:
        """The provider's request body; `InvalidRequest` for inputs or dimensions that it cannot say."""
        ...

    def parse_response(self, body: bytes, headers: Headers, request: EmbeddingsRequest) -> EmbeddingsResult:
        """One vector for each input of the request, in its order; `BadResponse` (or the error in it) else."""
        ...

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """What a provider's error answer means; nothing of its body goes into the message unfiltered."""
        ...


class EmbeddingsInward(Protocol):
    """The half of an embeddings wire that speaks with clients. Stateless."""

    def parse_request(self, body: bytes) -> EmbeddingsRequest:
        """Validate and translate a client's body; `InvalidRequest` names the field."""
        ...

    def render_response(
        self, result: EmbeddingsResult, request: EmbeddingsRequest, identity: Identity, cost: Cost | None
    ) -> bytes:
        """The client's answer."""
        ...


class RerankInward(Protocol):
    """The half of a rerank wire that speaks with clients. Stateless."""

    def parse_request(self, body: bytes) -> RerankRequest:
        """Validate and translate a client's body; `InvalidRequest` names the field."""
        ...

    def render_response(
        self, result: RerankResult, request: RerankRequest, identity: Identity, cost: Cost | None
    ) -> bytes:
        """The client's answer."""
        ...


class RerankOutward(Protocol):
    """The half of a rerank wire that speaks with providers. Stateless."""

    @property
    def name(self) -> str:
        """What `Endpoint.protocol` and `Provider.rerank_dialect` call it."""
        ...

    def render_request(self, request: RerankRequest, target: Target) -> RenderedRequest:
        """The provider's request body; `InvalidRequest` for documents that it cannot say."""
        ...

    def parse_response(self, body: bytes, headers: Headers, request: RerankRequest) -> RerankResult:
        """The documents wanted, best first; `BadResponse` (or the error in it) where the answer is none."""
        ...

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """What a provider's error answer means; nothing of its body goes into the message unfiltered."""
        ...
