"""What a newcomer reads when the gateway is up: where it listens, the first key, and a request to paste."""

from waystation.accounts.bootstrap import FirstKeys
from waystation.settings import Settings

LOCAL_MODEL = "huggingfacetb/smollm2-135m-instruct"


def banner(settings: Settings, first_keys: FirstKeys, host: str, port: int) -> str:
    """A few lines for standard output. Keys are shown only while they lie in the data folder for that purpose."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{port}/api/v1"
    lines = [f"Waystation is ready at {base}"]
    if first_keys.inference is None:
        lines.append("Keys were made before; `waystation keys list` shows them.")
        return "\n".join(lines) + "\n"
    lines.append(f"Inference key: {first_keys.inference}")
    if first_keys.management is not None and first_keys.made_now:
        lines.append(f"Management key: {first_keys.management}")
    lines.append(f"Both are kept in {first_keys.path} until you delete that file.")
    if settings.local.enabled:
        body = (
            f'{{"model": "{LOCAL_MODEL}", "stream": true, '
            '"messages": [{"role": "user", "content": "What is the capital of France?"}]}'
        )
        lines += [
            "",
            "Try it:",
            f"  curl -N {base}/chat/completions \\",
            f"    -H 'Authorization: Bearer {first_keys.inference}' \\",
            "    -H 'Content-Type: application/json' \\",
            f"    -d '{body}'",
        ]
    return "\n".join(lines) + "\n"
