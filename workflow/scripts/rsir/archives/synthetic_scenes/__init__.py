"""Synthetic aerial scenes, drawn on a canvas that knows the land cover of each pixel.

In: a random generator. Out: a tile of 256 × 256 pixels and its labels. Imports no other package.
"""
