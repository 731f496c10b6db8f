"""A believable small catalogue for developers. Each part looks first, so that a second run adds nothing."""
