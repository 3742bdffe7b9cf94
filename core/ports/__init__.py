"""The contracts between what decides and what touches the world.

Engines, vaults and provisioners never see the catalog: they are functions of (source, ids, paths, progress) that
return values, so that they can run in a thread today and on another machine tomorrow. Each raises errors of
core.errors only.
"""

from core.ports.clock import Clock
from core.ports.engine import Engine
from core.ports.groups import Groups
from core.ports.provisioner import Provisioner
from core.ports.runner import Runner
from core.ports.vault import Vault

__all__ = ["Clock", "Engine", "Groups", "Provisioner", "Runner", "Vault"]
