"""What the machine must have beyond Python: named, installed where that is allowed, else told with the exact command."""  # noqa: INP001 -- a folder of programs

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """Something outside Python: how to see whether it is there, what for, and the Debian package that brings it."""

    name: str
    reason: str
    package: str
    present: Callable[[], bool]
    required: bool = True


def needs(purpose: str) -> list[Need]:
    """What `run`, `dev` or `bench` needs of the machine."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    listed = [
        Need("venv and ensurepip", "the environment .venv", f"python{version}-venv", _has_ensurepip),
        Need("libgomp.so.1", "the embedded model", "libgomp1", lambda: _has_library("libgomp.so.1")),
        Need("libstdc++.so.6", "the embedded model", "libstdc++6", lambda: _has_library("libstdc++.so.6")),
        Need("make", "every task of the Makefile", "make", lambda: _has_program("make"), required=False),
    ]
    if purpose == "bench":
        listed += [
            Need("cc", "the load generator", "gcc libc6-dev", lambda: _has_program("cc")),
            Need("nginx", "the row to compare with", "nginx-light", _has_nginx, required=False),
        ]
    return listed if sys.platform == "linux" else []


def provide(purpose: str, say: Callable[[str], None]) -> bool:
    """Install what is missing where we may; False if something required is still missing."""
    missing = [need for need in needs(purpose) if not need.present()]
    if not missing:
        return True
    for need in missing:
        say(f"this machine lacks {need.name}, for {need.reason}")
    packages = [package for need in missing for package in need.package.split()]
    if os.geteuid() == 0 and _has_program("apt-get"):
        say(f"installing {' '.join(packages)}")
        _apt_get("update", "-qq")
        _apt_get("install", "-y", "--no-install-recommends", *packages)
        missing = [need for need in missing if not need.present()]
    if missing:
        say(f"install what is missing. On Debian or Ubuntu: {_command(missing)}")
    return not any(need.required for need in missing)


def _command(missing: list[Need]) -> str:
    privilege = "" if os.geteuid() == 0 else "sudo "
    return f"{privilege}apt-get install -y {' '.join(need.package for need in missing)}"


def _apt_get(*arguments: str) -> None:
    subprocess.run(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments], check=False)  # noqa: S603, S607


def _has_ensurepip() -> bool:
    return importlib.util.find_spec("venv") is not None and importlib.util.find_spec("ensurepip") is not None


def _has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _has_program(name: str) -> bool:
    return shutil.which(name) is not None


def _has_nginx() -> bool:
    return _has_program("nginx") or os.access("/usr/sbin/nginx", os.X_OK)
