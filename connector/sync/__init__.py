"""The three verbs: pull reads and saves, sweep decides, push carries out; and replay, which decides history afresh."""

from connector.sync.pull import Pulled, pull, pull_tickets
from connector.sync.push import Pushed, push
from connector.sync.replay import Replayed, replay
from connector.sync.sweep import Swept, policy_changed, sweep

__all__ = ["Pulled", "Pushed", "Replayed", "Swept", "policy_changed", "pull", "pull_tickets", "push", "replay", "sweep"]
