"""The embedded model: a small real model in a child process, one more OpenAI-compatible upstream on loopback.

Importing this package loads neither the engine nor the weights; only the child process ever does.
"""
