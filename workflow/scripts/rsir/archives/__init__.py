"""Archives of images: their tables, their pixels and their splits.

In: folders of images, label tables, downloads. Out: `archive.csv`, `split.csv`, `thumbnails.h5`,
and the pixels of an image. Imports `core`.
"""
