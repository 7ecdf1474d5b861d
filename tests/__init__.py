"""Tests of Cellwire."""
