"""The command line: the same verbs as in Slack, over the same catalog."""
