"""The console and the API: Amends in a browser, and for programs.

`services` decides who may do what, and does it by the same functions as the commands; `pages` and `api` are two ways of
asking it. `app` puts them together, `serving` listens; `amends web serve` and `amends run` start it. People, sessions
and tokens come in by `entrance`.
"""
