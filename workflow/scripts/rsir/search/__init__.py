"""Search of the database by similarity.

Input: descriptors of all images and a split. Output: the ranked images of each query and their HDF5
file. Imports `core`, `archives`, `networks` (for out-of-memory handling) and `metrics` (for types).
"""
