"""What each command of `amends` does, apart from the words it is typed with: one module for each family of commands.

The command line parses and prints; everything between is here, so that a console can do the same. A module holds what
a command returns (values, shown as JSON by --json) and the `…_lines` that tell it to a person.
"""
