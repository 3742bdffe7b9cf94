"""JanusGraph on BerkeleyJE: captured hot from its files, proven and restored in JVMs of our own."""

from core.engines.janusgraph_berkeleyje.engine import OPTIONS, JanusGraphBerkeleyJE

__all__ = ["OPTIONS", "JanusGraphBerkeleyJE"]
