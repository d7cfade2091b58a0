"""A process of the test of crashes: appends records as fast as it can and says the number of each on standard output.

Arguments: the journal's folder, how many records to append (0: until killed), and after how many of them the disk takes no
more (0: never).
"""

import asyncio
import resource
import sys
from pathlib import Path

from generation_records import a_record
from waystation.generations.log import GenerationLog
from waystation.storage.memory import MemoryGenerationStore


async def main() -> None:
    folder, count, full_after = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    log = GenerationLog(MemoryGenerationStore(), Path(folder), segment_bytes=64 * 1024)
    number = 0
    while not count or number < count:
        log.append(a_record(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1
        if number == full_after:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    health = log.health()
    sys.stdout.write(f"ok={health.ok} unjournaled={health.unjournaled} lost={health.lost}\n")


if __name__ == "__main__":
    asyncio.run(main())
