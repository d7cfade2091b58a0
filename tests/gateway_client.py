"""A plain HTTP client for acceptance tests: what it says is sent as it is, what it gets is kept as it came."""

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from gateway_process import API_KEY, GatewayProcess

SECONDS = 30


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def error(self) -> dict[str, Any]:
        """The error of a failed answer, or of the chunk that ended a stream."""
        if self.headers["content-type"] == "text/event-stream":
            return dict(self.chunks[-1]["error"])
        return dict(self.json["error"])

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The chunks of a stream."""
        return [json.loads(block[6:]) for block in self.blocks if block.startswith("data: {")]

    @property
    def blocks(self) -> list[str]:
        """The blocks of a stream, comments and `[DONE]` included."""
        assert self.text.endswith("\n\n")
        return self.text.removesuffix("\n\n").split("\n\n")


class Conversation:
    """One request whose answer is read bit by bit."""

    def __init__(
        self, gateway: GatewayProcess, body: Any, path: str = "/chat/completions", key: str = API_KEY
    ) -> None:
        address = urlsplit(gateway.root)
        self.connection = HTTPConnection(str(address.hostname), address.port, timeout=SECONDS)
        headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
        self.connection.request("POST", f"/api/v1{path}", json.dumps(body), headers)
        self.response: HTTPResponse = self.connection.getresponse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.response.close()
        self.connection.close()

    @property
    def generation(self) -> str:
        """The generation's id."""
        return str(self.response.headers["x-generation-id"])

    def lines(self) -> Iterator[str]:
        """The lines of the answer as they come."""
        while line := self.response.readline():
            yield line.decode().rstrip("\n")

    def read_until(self, text: str) -> str:
        """Read lines until one holds `text`; that line. Fails where the answer ends before."""
        for line in self.lines():
            if text in line:
                return line
        message = f"the answer ended without {text!r}"
        raise AssertionError(message)


def call(
    gateway: GatewayProcess,
    method: str,
    path: str,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    key: str | None = API_KEY,
) -> Answer:
    """Send one request to a path under the root; bytes and text as they are, anything else as JSON."""
    address = urlsplit(gateway.root)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=SECONDS)
    sent = {"content-type": "application/json"} if body is not None else {}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    try:
        raw = body if body is None or isinstance(body, bytes | str) else json.dumps(body)
        connection.request(method, path, raw, sent | dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, text)
    finally:
        connection.close()


def get(gateway: GatewayProcess, path: str, key: str | None = API_KEY) -> Answer:
    """GET a path under `/api/v1`."""
    return call(gateway, "GET", f"/api/v1{path}", key=key)


def chat(gateway: GatewayProcess, model: str | None = "acme/m1", **fields: Any) -> Answer:
    """Ask for a chat completion; `headers` are the request's, everything else goes into the body."""
    headers = fields.pop("headers", None)
    body = {"messages": [{"role": "user", "content": "Say hello"}], **fields}
    if model is not None:
        body["model"] = model
    return call(gateway, "POST", "/api/v1/chat/completions", body, headers=headers)


def generation(gateway: GatewayProcess, answer: Answer | str, key: str | None = API_KEY) -> Answer:
    """Read the record of an answer."""
    name = answer if isinstance(answer, str) else answer.headers["x-generation-id"]
    return get(gateway, f"/generation?id={name}", key)
