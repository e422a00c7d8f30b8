"""The only room that speaks SQL: complaints, people, raw records, cursors, outbox, quarantine, audit log, lease."""

from sqlalchemy import Connection as Transaction

from connector.store.database import Store

__all__ = ["Store", "Transaction"]
