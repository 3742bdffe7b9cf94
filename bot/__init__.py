"""Slack in, core calls out: knows core, and core never knows it."""
