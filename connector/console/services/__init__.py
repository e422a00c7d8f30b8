"""What people and programs can ask of the console. Each service is marked with the permission that it needs, and is the
one place that decides: pages and API do nothing by themselves."""
