"""Finds the configured source and the adapters that serve it, by name."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import UnknownName
from core.model.source import Source
from core.ports import Engine, Provisioner, Vault


@dataclass(frozen=True, slots=True)
class Adapters:
    """Everything configured, by name. An unknown name is answered with the nearest known one."""

    sources: Mapping[str, Source]
    engines: Mapping[str, Engine]
    vaults: Mapping[str, Vault]
    provisioners: Mapping[str, Provisioner]

    def source(self, name: str) -> Source:
        """Return a source by name.

        Raises:
            UnknownName: there is none; the hint names the nearest.

        """
        if name not in self.sources:
            raise unknown("source", name, self.sources)
        return self.sources[name]

    def engine(self, name: str) -> Engine:
        """Return an engine by name.

        Raises:
            UnknownName: a record names an engine this version does not have.

        """
        if name not in self.engines:
            raise unknown("engine", name, self.engines)
        return self.engines[name]

    def vault(self, name: str) -> Vault:
        """Return a vault by name.

        Raises:
            UnknownName: it is no longer configured.

        """
        if name not in self.vaults:
            raise unknown("vault", name, self.vaults)
        return self.vaults[name]

    def provisioner(self, name: str) -> Provisioner:
        """Return a provisioner by name.

        Raises:
            UnknownName: it is no longer configured.

        """
        if name not in self.provisioners:
            raise unknown("provisioner", name, self.provisioners)
        return self.provisioners[name]


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownName:
    """Return the error for a name nobody knows, with the nearest known one."""
    names = sorted(known)
    article = "an" if what[0] in "aeiou" else "a"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    shown = name if len(name) <= 60 else f"{name[:57]}..."  # noqa: PLR2004 - what fits in a line beside the hint
    if near:
        return UnknownName(f"I don't know {article} {what} {shown}.", hint=f"Did you mean {near[0]}?")
    listed = ", ".join(names[:10]) or "none"
    return UnknownName(f"I don't know {article} {what} {shown}.", hint=f"Known: {listed}.")
