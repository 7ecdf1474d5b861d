"""Hours of trouble for a real Home Assistant: `scripts/soak`."""
