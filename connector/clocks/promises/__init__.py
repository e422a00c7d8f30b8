"""Dates given to customers: found in replies, set in fields, and whether they were kept; pure.

`book` the phrases of a language · `spans` where a text names a date · `dates` which date that is · `finding` whether it
is a promise · `keeping` what became of it, as clocks · `check` the examples in the books. Called by `assessment`, and
by `settings`, which builds the books.
"""
