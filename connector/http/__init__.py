"""The one HTTP session of a source: bounded in time, in bytes and in reach, and failing in our own error classes.

Built by the composition root, one per source, and handed to adapters in `Tools`; vendor libraries run on top of it.
"""

from connector.http.session import BoundedSession, Bounds, session

__all__ = ["BoundedSession", "Bounds", "session"]
