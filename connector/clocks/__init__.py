"""Calendars and SLA clocks, computed from a complaint's history alone; pure, `now` is always an argument.

`business_hours` working time of a calendar · `lives` when clocks start, stop and stand still · `sla` targets and
clocks · `overdue` flags and the next instant that matters · `explain` a clock, stretch by stretch.
"""
