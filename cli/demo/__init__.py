"""The demo: a living JanusGraph, a workspace and the bot on one machine, started and stopped together."""
