"""The composition root: settings -> stores -> pipeline -> a process that serves."""

from waystation.app.serve import run

__all__ = ["run"]
