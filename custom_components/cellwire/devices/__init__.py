"""The families of devices, and the words that all of them speak.

Nothing in this package knows Home Assistant. A new family is a folder here and a line in
`registry.py`.
"""
