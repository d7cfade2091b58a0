"""The command line: one file a command. Says what other parts find and do; decides nothing of its own.

Whatever is slow to import is imported inside the command that needs it, so that help appears at once.
"""

from waystation.cli.main import main

__all__ = ["main"]
