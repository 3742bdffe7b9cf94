"""The Web API: one table of methods, and the HTTP routes that answer them."""

from playground.api.routes import WebApi

__all__ = ["WebApi"]
