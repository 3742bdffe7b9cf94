"""The composition root of core."""

from core.bootstrap.core import Core
from core.bootstrap.wiring import (
    SECONDS_BETWEEN_BEATS,
    SHAPES,
    build_adapters,
    build_core,
    build_rebuild,
    find_config,
    load_config,
)

__all__ = [
    "SECONDS_BETWEEN_BEATS",
    "SHAPES",
    "Core",
    "build_adapters",
    "build_core",
    "build_rebuild",
    "find_config",
    "load_config",
]
