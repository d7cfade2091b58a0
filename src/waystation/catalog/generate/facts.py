"""The facts of a model itself, gathered from every claim about it: name, dates, modalities, reasoning, tokenizer."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.maps import SLUG_SECTIONS
from waystation.catalog.generate.offers import Offer
from waystation.catalog.generate.sources import BY_NAME, SOURCES
from waystation.catalog.generate.votes import majority, newest
from waystation.catalog.model import Reasoning

_EFFORTS = ("max", "xhigh", "high", "medium", "low", "minimal", "none")
_EFFORT_SOURCES = ("models.dev@july", "litellm", "pi-ai")
_MODALITIES = ("text", "image", "file", "audio", "video")
_OUTPUT_OF = {
    "embeddings": "embeddings",
    "rerank": "rerank",
    "images": "image",
    "speech": "speech",
    "transcription": "transcription",
}
_TOKENIZERS = (
    (r"^openai/", "GPT"),
    (r"^anthropic/", "Claude"),
    (r"^google/gemma|^google/medgemma", "Gemini"),
    (r"^google/", "Gemini"),
    (r"^x-ai/", "Grok"),
    (r"^cohere/", "Cohere"),
    (r"^amazon/nova", "Nova"),
    (r"^deepseek/.*qwen", "Qwen"),
    (r"^(meta-llama|nousresearch|deepseek|nvidia|sao10k|perplexity).*llama-?4", "Llama4"),
    (r"^(meta-llama|nousresearch|deepseek|nvidia|sao10k|aion-labs).*(llama-?(3|guard-3)|l3)", "Llama3"),
    (r"^meta-llama/.*llama-?2", "Llama2"),
    (r"^deepseek/", "DeepSeek"),
    (r"^qwen/.*qwen-?3", "Qwen3"),
    (r"^qwen/", "Qwen"),
    (r"^01-ai/", "Yi"),
    (r"^(mistralai|arcee-ai/.*mistral|cognitivecomputations/.*mistral|thedrummer/)", "Mistral"),
)
_INSTRUCT = (
    (r"llama-3(\.|-|$)|llama-guard-3", "llama3"),
    (r"^google/gemma", "gemma"),
    (r"^deepseek/deepseek-r1", "deepseek-r1"),
    (r"^deepseek/deepseek-(chat-)?v3\.1", "deepseek-v3.1"),
    (r"^qwen/qwen3", "qwen3"),
    (r"^qwen/qwq", "qwq"),
    (r"^qwen/qwen-?2", "chatml"),
    (r"^mistralai/(mistral|mixtral)-(7b|8x7b|8x22b)", "mistral"),
)


def name_of(slug: str, claims: list[Claim], authors: dict[str, str]) -> str:
    """`Author: Name`, as the freshest slug list calls it, else as the freshest host does, else made from the slug."""
    lists = [claim for claim in claims if claim.section in SLUG_SECTIONS]
    hosts = [claim for claim in claims if claim.source.startswith(("models.dev", "pi-ai"))]
    named = newest(lists, lambda claim: claim.name) or newest(hosts, lambda claim: claim.name)
    author, _, bare = slug.partition("/")
    name = re.sub(r" \((latest|free)\)$", "", named or " ".join(_titled(word) for word in bare.split("-")))
    name = name.rpartition("/")[2] if "/" in name and " " not in name else name
    return f"{authors.get(author, author)}: {name.partition(': ')[2] or name}"


def author_names(claims: Iterable[Claim]) -> dict[str, str]:
    """How authors are written, from names like `Mistral: Large 3` in the slug lists; the freshest wins."""
    names = {
        "x-ai": "xAI",
        "mistralai": "Mistral",
        "meta-llama": "Meta",
        "voyageai": "Voyage AI",
        "huggingfacetb": "HuggingFaceTB",
    }
    names |= {
        "ai21": "AI21",
        "baai": "BAAI",
        "black-forest-labs": "Black Forest Labs",
        "inception": "Inception",
        "allenai": "AllenAI",
    }
    for claim in claims:
        author, slash, _ = claim.native_id.lower().partition("/")
        shown, colon, _ = (claim.name or "").partition(": ")
        if claim.section == "openrouter" and slash and colon and "(" not in shown:
            names.setdefault(author, shown)
    return names


def created_of(claims: list[Claim], offers: list[Offer]) -> int | None:
    """Unix seconds of the release: the date most give, the maker and the slug lists counting double, else the earliest.

    Where nobody gives one: the day of the first slug list that has the model, if an older list has it not.
    """
    own = {id(claim) for offer in offers if offer.own for claim in offer.claims}
    votes: Counter[str] = Counter()
    for claim in claims:
        if claim.released:
            votes[claim.released] += 2 if id(claim) in own or claim.section in SLUG_SECTIONS else 1
    best = max(votes.values(), default=0)
    dates = [date for date, count in votes.items() if count == best]
    dates = dates or [found for claim in claims if (found := _date_in(claim.native_id))]
    dates = dates or [date for date in [_first_listed(claims)] if date]
    if not dates:
        return None
    return int(datetime.fromisoformat(min(dates)).replace(tzinfo=UTC).timestamp())


def inputs_of(claims: list[Claim], operation: str) -> tuple[str, ...]:
    """What goes in: the slug lists' word first, since hosts leave some out."""
    if operation == "transcription":
        return ("audio",)
    lists = [claim for claim in claims if claim.section in SLUG_SECTIONS and claim.inputs]
    said = (
        newest(lists, lambda claim: claim.inputs) or newest(claims, lambda claim: claim.inputs) or ("text",)
    )
    return tuple(word for word in _MODALITIES if word in said) or ("text",)


def outputs_of(claims: list[Claim], operation: str) -> tuple[str, ...]:
    """What comes out, in the spec's words; an operation other than chat decides it alone."""
    if operation in _OUTPUT_OF:
        return (_OUTPUT_OF[operation],)
    lists = [claim for claim in claims if claim.section in SLUG_SECTIONS and claim.outputs]
    said = (
        newest(lists, lambda claim: claim.outputs) or newest(claims, lambda claim: claim.outputs) or ("text",)
    )
    return tuple(word for word in ("text", "image", "audio") if word in said) or ("text",)


def reasoning_of(claims: list[Claim], offers: list[Offer]) -> Reasoning | None:
    """How reasoning is steered; None for models that do not reason."""
    if not majority(claims, lambda claim: claim.reasoning):
        return None
    own = [claim for offer in offers if offer.own for claim in offer.claims] or claims
    efforts = next(
        (
            claim.efforts
            for source in _EFFORT_SOURCES
            for claim in own
            if claim.source == source and claim.efforts
        ),
        None,
    )
    ordered = tuple(word for word in _EFFORTS if efforts is not None and word in efforts) or None
    can_stop = any(claim.toggle or claim.budget for claim in claims) or "none" in (ordered or ())
    default = newest(own, lambda claim: claim.default_effort)
    return Reasoning(
        mandatory=any(claim.always_reasons for claim in own) or (ordered is not None and not can_stop),
        supported_efforts=ordered,
        default_effort=default if default in (ordered or ()) else None,
        supports_max_tokens=any(claim.budget for claim in own),
    )


def expires(offers: list[Offer]) -> str | None:
    """The day the maker itself retires the model: a host's date is about the host."""
    dates = [claim.retires for offer in offers if offer.own for claim in offer.claims if claim.retires]
    return max(dates, default=None)


def tokenizer_of(slug: str) -> str:
    """The spec's `ModelGroup` word for a slug."""
    return next((group for pattern, group in _TOKENIZERS if re.search(pattern, slug)), "Other")


def instruct_type_of(slug: str, *, weights_are_open: bool | None) -> str | None:
    """The prompt format of open models, where it is plain from the family."""
    if not weights_are_open:
        return None
    return next((kind for pattern, kind in _INSTRUCT if re.search(pattern, slug)), None)


def knowledge_of(claims: list[Claim]) -> str | None:
    """The knowledge cut-off as a day: a month means its first."""
    said = newest(claims, lambda claim: claim.knowledge)
    if said is None or not re.fullmatch(r"\d{4}(-\d\d){0,2}", said):
        return None
    return said + "-01" * (3 - len(said.split("-")))


def _first_listed(claims: list[Claim]) -> str | None:
    """Lists came in July, August and November; what the first has may be any age."""
    dates = {
        BY_NAME[claim.source].date
        for claim in claims
        if claim.section in SLUG_SECTIONS and claim.context is not None
    }
    oldest = min(source.date for source in SOURCES)
    return None if oldest in dates else min(dates, default=None)


def _titled(word: str) -> str:
    return (
        word.upper()
        if word in {"gpt", "tts", "glm", "bge", "vl", "ocr", "asr", "hd"}
        else word[:1].upper() + word[1:]
    )


def _date_in(native_id: str) -> str | None:
    found = re.search(r"(20\d\d)-?(\d\d)-?(\d\d)(?!\d)", native_id)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[3]) <= 28:
        return None
    return f"{found[1]}-{found[2]}-{found[3]}"
