"""What a newcomer reads when the gateway is up: where it listens, the first key, and a request to paste."""

from waystation.accounts.bootstrap import FirstKeys
from waystation.app.address import EVERYWHERE, address
from waystation.settings import Settings

LOCAL_MODEL = "huggingfacetb/smollm2-135m-instruct"


def banner(settings: Settings, keys: FirstKeys, host: str, port: int) -> str:
    """A few lines for standard output. The inference key is shown while its file lies in the data folder."""
    base = f"{address('127.0.0.1' if host in EVERYWHERE else host, port)}/api/v1"
    lines = [f"Waystation is ready at {base}"]
    if keys.inference is None:
        lines.append("Keys: `waystation keys list` shows them, `waystation keys create` makes one.")
        return "\n".join(lines) + "\n"
    lines.append(f"  inference key   {keys.inference}")
    if keys.management is not None and keys.made_now:
        lines.append(f"  management key  {keys.management}")
    lines.append(f"  kept in {keys.path} until you delete that file")
    if settings.local.enabled:
        lines += [
            "",
            "Paste this for a streamed completion from the embedded model:",
            *_curl(base, keys.inference),
        ]
    return "\n".join(lines) + "\n"


def _curl(base: str, key: str) -> list[str]:
    body = (
        f'{{"model": "{LOCAL_MODEL}", "stream": true, '
        '"messages": [{"role": "user", "content": "What is the capital of France?"}]}'
    )
    return [
        f"  curl -N {base}/chat/completions \\",
        f"    -H 'Authorization: Bearer {key}' \\",
        "    -H 'Content-Type: application/json' \\",
        f"    -d '{body}'",
    ]
