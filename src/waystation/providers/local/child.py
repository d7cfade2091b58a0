"""The child process that serves the embedded model over HTTP on loopback. Run as a file, with nothing of the gateway imported.

One line of JSON on standard input says what to serve; the address goes out on standard output. The pipe then stays
open, and its end is the order to end: however the gateway dies, SIGKILL included, the kernel closes it.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1
_NICENESS = 10
_CONTEXT = 4096
_SLOTS = 2
_PROMPT_CACHE_MIB = 64


def main() -> None:
    """Serve until standard input ends."""
    orders = json.loads(sys.stdin.buffer.readline())
    address_output = _keep_standard_output_to_ourselves()
    watch = threading.Thread(target=_end_with_the_gateway, name="gateway-watch", daemon=True)
    watch.start()
    _ask_the_kernel_too(orders["gateway_pid"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    server = _serve(orders["model_path"], orders["model"], orders["api_key"])
    address_output.write(f"READY {server.listening_address}\n")
    address_output.flush()
    watch.join()


def _end_with_the_gateway() -> None:
    while os.read(0, 1):  # not through `sys.stdin`, whose lock a failing main thread would trip over
        continue
    os._exit(0)


def _ask_the_kernel_too(gateway_pid: int) -> None:
    """Linux: die with the thread that started us, should a forked relative of the gateway hold the pipe open."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != gateway_pid:
        os._exit(0)


def _keep_standard_output_to_ourselves() -> Any:
    """The engine prints where it likes: what it says on standard output goes to standard error."""
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return ours


def _serve(model_path: str, model: str, api_key: str) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model_path
    parameters.model_alias = {model}
    parameters.api_keys = [api_key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = _CONTEXT  # shared by the slots
    parameters.n_parallel = _SLOTS
    parameters.cpuparams.n_threads = 1  # more than one thread on busy cores is many times slower: they spin
    parameters.cpuparams_batch.n_threads = 1
    parameters.cache_ram_mib = _PROMPT_CACHE_MIB  # the engine's own default is 8 GiB
    parameters.use_jinja = False  # the model's own template adds a system prompt that makes its answers worse
    parameters.ui = False
    parameters.fit_params = False  # no trial load to fit the memory of a graphics card
    parameters.offline = True
    parameters.verbosity = 1  # errors only
    return xllamacpp.Server(parameters)


if __name__ == "__main__":
    main()
