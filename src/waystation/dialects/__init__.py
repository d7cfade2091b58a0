"""How it is said: one folder a wire format, each the same five files. Dialects do no I/O and do not know each other."""
