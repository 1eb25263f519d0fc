"""Figures: the tables, the curves and the descriptors to look at."""
