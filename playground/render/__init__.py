"""Slack's text and Block Kit as HTML, escaped everywhere."""
