"""Turns other people's published facts into our reviewable tree: read, normalise, vote, gate, write. Never runs at serve time."""
