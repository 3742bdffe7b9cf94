"""Where archives rest; each vault implements core.ports.Vault."""
