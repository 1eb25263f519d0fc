"""Synthetic aerial scenes, drawn on a canvas that tracks the land cover of each pixel.

Input: a random generator. Output: a tile of 256 × 256 pixels and its labels. Imports no other
package.
"""
