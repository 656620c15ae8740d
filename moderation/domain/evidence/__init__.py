"""What the pixels say of a hit: a distance within a radius makes a candidate, evidence decides what it is worth.

A distance over a whole patch counts its ground as agreement, and ground is free: strangers that share a layout lie
within every radius. So a second, aligned look is taken at where a picture rises and falls: how much of what is
particular to the ban is in the upload, and whether something that matters contradicts.
"""
