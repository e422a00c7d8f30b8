"""The helpdesks that Amends speaks to, one module or package each; found by name (see `connector.adapter`)."""
