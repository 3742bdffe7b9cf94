"""Slack's limits on messages and views, refused as Slack refuses them."""

from playground.limits.messages import check_message_blocks
from playground.limits.views import check_view

__all__ = ["check_message_blocks", "check_view"]
