"""Verbs: one use case a file, each a callable dataclass whose fields are its dependencies."""
