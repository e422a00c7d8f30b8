"""The shape of each file an admin owns, as pydantic models: what is checked, and what editors are told.

`amends` sources and console · `mapping` an adapter's fields · `taxonomy` facets and products · `books` how people
write, by language · `clocks` calendars, SLA and regulators · `policy` rules, surveys and trends · `customers` who they
are and what they read from us · `telling` who of ours is told, and in which words. Each is made of what is in `shape`,
imports none of the others, and says at its head who builds the frozen settings of the pure rooms from what was checked.
`connector.settings.files` says which file has which.
"""
