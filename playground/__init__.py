"""A local Slack workspace in a browser: the Web API, Socket Mode and Block Kit that a Bolt app needs."""
