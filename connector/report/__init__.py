"""Figures that can be believed: counted from what the store keeps for it, each one traceable to its complaints.

`cohort` the complaints as columns · `scores` satisfaction, ease and recommendation with their intervals · `counting`
which figures there are, and a report of them · `text`, `files` and `page` the same for people, spreadsheets and
browsers · `charts` drawings for the page · `pack` the monthly review. Called by `amends report`; numpy is imported here
and nowhere above.
"""
