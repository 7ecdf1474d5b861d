"""The ways in which bytes travel between Home Assistant and a device.

Nothing in this package knows a protocol, and nothing knows Home Assistant.
"""
