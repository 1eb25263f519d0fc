"""Archives in one file: zip, tar, HDF5 and parquet, read without unpacking.

Input: a path that leads to such a file or into it. Output: members, which are used as paths are.
Imports `core`.
"""
