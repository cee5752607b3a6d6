"""Mutual authentication and encryption for asyncio and Trio, with the service's identity found in the directory."""
