"""Early warning: several people with the same thing, before anybody has noticed it; pure.

`views` says which complaints are alike, `window` whether there are too many of them, `finding` which of all the groups
that stand out to speak of, `life` what becomes of a trend from day to day, `start` when it began, `effect` whether a
correction helped. `sync` puts them together.
"""
