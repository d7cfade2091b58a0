"""The slugs ever published, with the keys that lead to them. Entries are added and marked, never renamed or removed."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from waystation.catalog.tree import TreeModel


class Locked(Struct, frozen=True, omit_defaults=True):
    """One slug: since when, by which keys of names, and when it left the catalogue."""

    first_seen: str
    keys: tuple[str, ...] = ()
    retired: str | None = None


def read_lock(path: Path) -> dict[str, Locked]:
    """The lock file, empty where there is none."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Locked]) if path.is_file() else {}


def keys_of(lock: dict[str, Locked]) -> dict[str, str]:
    """Key of a name to the slug it stands for, from now on and for ever."""
    return {key: slug for slug, entry in sorted(lock.items()) for key in entry.keys}


def renew(
    lock: dict[str, Locked], models: Iterable[TreeModel], keys: dict[str, str], as_of: str
) -> dict[str, Locked]:
    """The lock with today's models added, and those that are gone marked as retired."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, slug in keys.items():
        found[slug].add(key)
    living = {model.id for model in models}
    renewed = {}
    for slug in sorted(living | lock.keys()):
        old = lock.get(slug, Locked(first_seen=as_of))
        theirs = {key for key in old.keys if keys.get(key, slug) == slug} | found[slug]
        retired = None if slug in living else old.retired or as_of
        renewed[slug] = Locked(first_seen=old.first_seen, keys=tuple(sorted(theirs)), retired=retired)
    return renewed
