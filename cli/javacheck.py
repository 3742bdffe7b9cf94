"""Ask from a Makefile whether a Java that JanusGraph runs on is here: `python -m cli.javacheck`."""

import sys

from core.engines.janusgraph_berkeleyje.java import find_java
from core.errors import JavaMissing


def main() -> int:
    """Return 0 where there is one, and 1, saying so, where there is none."""
    try:
        find_java()
    except JavaMissing:
        sys.stderr.write("No Java 17 or 21 here.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
