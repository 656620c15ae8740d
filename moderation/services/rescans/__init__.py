"""Reaching back to earlier uploads."""
