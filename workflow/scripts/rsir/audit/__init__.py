"""What is doubtful about an archive and its split: duplicates, labels, pixels, subsets.

In: the table of an archive, its split, its duplicates, statistics of its pixels, neighbours of its
images. Out: findings, and `audit.csv`. Imports all packages before it: `core` to `evaluation`.
"""
