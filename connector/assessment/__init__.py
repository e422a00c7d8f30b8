"""From entries and fields to a complaint, and from a complaint to its clocks, flags and actions; pure.

The pure rooms do not know each other; here they are put together, once, for pull, sweep, push, replay and `explain`.
In the order of a ticket's way: `untagged` what its mapping makes of it · `understood` the same with its tags ·
`clocks` its clocks · `counting` where it counts, in reports and for trends · `deciding` its flags and actions. `rules`
holds what all of them go by.
"""
