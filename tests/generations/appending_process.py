"""A process of the test of crashes: appends records as fast as it can and says the number of each on standard output.

Arguments: the journal's folder, how many records to append (0: until killed), and how large a file may grow (0: as it likes).
"""

import asyncio
import resource
import sys
from pathlib import Path

from generation_records import a_record
from waystation.generations.log import GenerationLog
from waystation.storage.memory import MemoryGenerationStore


async def main() -> None:
    folder, count, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    log = GenerationLog(MemoryGenerationStore(), Path(folder), segment_bytes=64 * 1024)
    number = 0
    while not count or number < count:
        log.append(a_record(number))
        await asyncio.sleep(0)  # the journal is written at the end of the loop's turn
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1
    health = log.health()
    sys.stdout.write(f"ok={health.ok} unjournaled={health.unjournaled} lost={health.lost}\n")


if __name__ == "__main__":
    asyncio.run(main())
