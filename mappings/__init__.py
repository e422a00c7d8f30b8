"""What admins edit, as shipped: the defaults and their documentation at once. Read by `connector.settings`."""
