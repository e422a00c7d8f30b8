"""The engine of Amends: everything that knows complaints and nothing that knows a vendor."""

__version__ = "0.1.0"
