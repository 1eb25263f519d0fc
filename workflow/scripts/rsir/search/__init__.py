"""Search of the database by cosine similarity.

In: descriptors of all images, a split. Out: the ranked images of each query, and their HDF5 file.
Imports `core`, `archives`, `networks` (for the memory of a GPU) and `metrics` (for types).
"""
