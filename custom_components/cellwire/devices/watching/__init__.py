"""What follows the readings of a unit, remembers, and adds to them."""
