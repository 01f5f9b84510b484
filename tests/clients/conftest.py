from scenario import scenario  # noqa: F401  (a fixture)
