"""`model: "auto"`: chooses a model by reading the prompt, in milliseconds, on this machine's CPU, and says why.

One file a question: `grams` and `traits` (what the text looks like), `reading` (which task, how hard), `priors` (how good
each model is at what), `tiers` and `choose` (which model), `explain`. Nothing here performs I/O after loading.
"""
