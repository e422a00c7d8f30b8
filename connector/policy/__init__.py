"""From flags and policy to intended writes; pure, so that a decision can be shown before anything is sent.

`rules` what an admin settles · `decision` which actions follow · `recheck` whether an intention still holds when it is
about to be sent · `survey` when a survey may go · `answers` what follows from what customers said in it ·
`acknowledgement` whether the customer still has to hear that their complaint has come · `note` what a manager reads ·
`correction` removing the cause · `keys` names that make a write once · `standing` whether Amends may act on a
complaint at all.
"""
