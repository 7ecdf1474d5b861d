"""Entries that are a device: what stands between it and the entities of Home Assistant."""
