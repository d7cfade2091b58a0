"""What a newcomer reads when the gateway is up: where it listens, the first key, and a request to paste."""

from waystation.accounts.bootstrap import FILE_NAME, FirstKeys, read_first_keys
from waystation.settings import Settings

LOCAL_MODEL = "huggingfacetb/smollm2-135m-instruct"


def banner(settings: Settings, made: FirstKeys | None, host: str, port: int) -> str:
    """A few lines for standard output. The inference key is shown while `first-keys.toml` lies in the data folder."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{port}/api/v1"
    lines = [f"Waystation is ready at {base}"]
    keys = made or read_first_keys(settings.storage.data_path)
    if keys is None:
        lines.append("Keys: `waystation keys list` shows them, `waystation keys create` makes one.")
        return "\n".join(lines) + "\n"
    lines.append(f"  inference key   {keys.api_key}")
    if made is not None:
        lines.append(f"  management key  {made.management_key}")
    lines.append(f"  kept in {settings.storage.data_path / FILE_NAME} until you delete that file")
    if settings.local.enabled:
        lines += [
            "",
            "Paste this for a streamed completion from the embedded model:",
            *_curl(base, keys.api_key),
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
