"""`model: "auto"`: chooses a model by reading the prompt, in milliseconds, on this machine's CPU, and says why.

One file a question: `grams` and `traits` (what the text looks like), `reading` (which task, how hard), `priors` (how good
each model is at what), `outcomes` (how its answers ended here), `choose` (which model), `explore` (now and then another).
Nothing here performs I/O after loading.
"""
