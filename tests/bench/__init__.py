"""Simulated devices on real links, for tests, demo and benchmarks alike."""
