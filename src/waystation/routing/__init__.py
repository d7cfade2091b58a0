"""Which endpoint serves a request: pure decisions over snapshots, so that each can be tested, explained and replayed."""
