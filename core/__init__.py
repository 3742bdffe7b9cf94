"""Backups, without Slack: nouns, use cases, and the adapters behind them."""
