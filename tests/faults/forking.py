"""Workers that cost no start: a process that has everything imported makes one for each line read.

Standard input: a line for each worker. Standard output: its process id. A worker that was killed is
forgotten at the next line.
"""

import asyncio
import os
import sys

from src import worker
from src.config import Settings


def main() -> None:
    settings = Settings()
    child = 0
    for _ in sys.stdin:
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(0, 1)  # it logs there, and we are read
            asyncio.run(worker.main(settings, asyncio.Event()))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
