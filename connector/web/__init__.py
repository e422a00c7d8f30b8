"""What answers over HTTP. Started by `amends web`."""
