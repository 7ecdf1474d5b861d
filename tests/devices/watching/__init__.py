"""What follows the readings of a unit."""
