"""The only room that speaks SQL."""

from core.catalog.audit import Entry
from core.catalog.catalog import Catalog
from core.catalog.leases import Lease
from core.catalog.messages import Message
from core.catalog.processes import Process

__all__ = ["Catalog", "Entry", "Lease", "Message", "Process"]
