"""The three verbs: pull reads and saves, sweep decides, push carries out; replay, which decides history afresh; and
the census, which finds what reading changes has missed. `knowing` is about people."""

from connector.sync.census import Counted, census
from connector.sync.knowing import Compared, compare, people_changed, tidy
from connector.sync.page import pull_tickets
from connector.sync.pull import Pulled, pull
from connector.sync.push import Pushed, push
from connector.sync.replay import Replayed, replay
from connector.sync.sweep import Swept, earlier_than, policy_changed, sweep
from connector.sync.trending import count_from_now

__all__ = [
    "Compared",
    "Counted",
    "Pulled",
    "Pushed",
    "Replayed",
    "Swept",
    "census",
    "compare",
    "count_from_now",
    "earlier_than",
    "people_changed",
    "policy_changed",
    "pull",
    "pull_tickets",
    "push",
    "replay",
    "sweep",
    "tidy",
]
