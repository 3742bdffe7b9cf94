"""SQLite: copied by its own online backup API, checked, counted and fingerprinted table by table."""

from core.engines.sqlite.engine import OPTIONS, SQLite

__all__ = ["OPTIONS", "SQLite"]
