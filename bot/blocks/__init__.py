"""Pure: values in, Block Kit out, within Slack's limits for any value."""
