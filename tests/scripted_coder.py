"""A provider on loopback that edits one file with whatever tool an agent offers, then says that it is done."""

import json
from typing import Any

from scripted_provider import Asked, ScriptedProvider, Streamed, Whole, chunk, completion, streamed

TEXT = "hello from the gateway"
NAME = "hello.txt"
_SHELL = f"printf '%s' '{TEXT}' > {NAME}"
_PATCH = f"*** Begin Patch\n*** Add File: {NAME}\n+{TEXT}\n*** End Patch\n"
_WHOLE = f"{NAME}\n```\n{TEXT}\n```\n"
"""How agents without tools are told a file."""


class ScriptedCoder(ScriptedProvider):
    """Answers every conversation of one task. `folder` is where the file is wanted."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder

    def next_answer(self, request: Asked) -> Whole | Streamed:
        """The edit first, as a call of a tool that is offered; the end once its result is there."""
        self.asked.append(request)
        body = request.body
        call = None if _has_result(body) else self._call(body)
        if call is not None:
            calls = [{"index": 0, "id": "call_edit1", "type": "function", "function": call}]
            if not body.get("stream"):
                return completion(None, tool_calls=calls)
            return streamed(chunk(role="assistant", tool_calls=calls), reason="tool_calls")
        said = "Done." if body.get("tools") else _WHOLE
        return streamed(chunk(role="assistant", content=said)) if body.get("stream") else completion(said)

    def _call(self, body: Any) -> dict[str, str] | None:
        path = f"{self.folder}/{NAME}"
        edits: dict[str, dict[str, object]] = {
            "write_file": {"file_path": path, "content": TEXT},
            "write": {"filePath": path, "content": TEXT},
            "exec_command": {"cmd": _SHELL},
            "shell_command": {"command": _SHELL},
            "shell": {"command": ["sh", "-c", _SHELL]},
            "local_shell": {"command": ["sh", "-c", _SHELL]},
            "apply_patch": {"input": _PATCH},
        }
        offered = {tool["function"]["name"] for tool in body.get("tools") or [] if "function" in tool}
        for name, arguments in edits.items():
            if name in offered:
                return {"name": name, "arguments": json.dumps(arguments)}
        return None


def _has_result(body: Any) -> bool:
    return any(message["role"] == "tool" for message in body["messages"])
