"""Spans of working time by businesstimedelta, in an environment of its own. Called by `benchmarks.clocks`.

Reads JSON from the standard input: {"holidays": [date], "spans": [[start, end]]} in ISO 8601; prints CPU seconds.
Every day is a list of rules to it: nine to five on five days, without holidays where it knows no such days.
"""

from __future__ import annotations

import datetime
import json
import sys
import time

import businesstimedelta  # type: ignore[import-not-found]
import pytz  # type: ignore[import-untyped]

given = json.load(sys.stdin)
london = pytz.timezone("Europe/London")
nine, five = datetime.time(9), datetime.time(17)
office = businesstimedelta.WorkDayRule(start_time=nine, end_time=five, working_days=[0, 1, 2, 3, 4], tz=london)
days = {datetime.date.fromisoformat(day): "off" for day in given["holidays"]}
rules = businesstimedelta.Rules([office, businesstimedelta.HolidayRule(days, tz=london)])
spans = [tuple(datetime.datetime.fromisoformat(text) for text in span) for span in given["spans"]]
began = time.process_time()
for start, end in spans:
    rules.difference(start, end)
json.dump({"cpu_seconds": time.process_time() - began}, sys.stdout)
