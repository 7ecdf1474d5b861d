"""A real Home Assistant with the bench, and a browser that looks at it."""
