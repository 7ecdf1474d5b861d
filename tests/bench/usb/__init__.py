"""Stands in front of the path of a Home Assistant whose USB devices are simulated."""
