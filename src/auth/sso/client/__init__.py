"""Talking to providers: the only part that leaves the machine. Never inside a transaction."""

from src.auth.sso.client.base import Provider
from src.auth.sso.client.registry import Providers

__all__ = ["Provider", "Providers"]
