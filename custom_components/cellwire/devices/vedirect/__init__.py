"""VE.Direct, as all of Victron's products speak it: text blocks, HEX frames, products.

A family on it brings tables of its own: which classes of products are its, what the labels of its
text mean (text.py), which registers it reads (register.py), and what it may write (writing.py).
"""
