"""Answers as careless servers give them: one field missing, null, mistyped or added, somewhere."""

from hypothesis import strategies as st

MOST_CHANGES = 3


def mutate(value: object, data: st.DataObject) -> None:
    """Change the decoded JSON object in place, one to three times."""
    for _ in range(data.draw(st.integers(1, MOST_CHANGES))):
        _mutate_once(value, data)


def _mutate_once(value: object, data: st.DataObject) -> None:
    while isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        inner = value[key]
        if isinstance(inner, list) and inner and data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(inner) - 1))
            if not isinstance(inner[at], dict):
                inner[at] = data.draw(st.sampled_from([None, "?", [], {}, True]))
                return
            inner = inner[at]
        if isinstance(inner, dict) and inner and data.draw(st.booleans()):
            value = inner
            continue
        change = data.draw(st.sampled_from(["drop", "null", "text", "number", "list", "object", "add"]))
        if change == "drop":
            del value[key]
        else:
            name = "something_new" if change == "add" else key
            changes: dict[str, object] = {"null": None, "text": "?", "number": -1, "list": [None]}
            value[name] = changes.get(change, {})
        return
