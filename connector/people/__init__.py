"""One person over all sources: pure rules about who comes back, and why that matters. `repeats` finds who came back."""
