"""Archives of images: their tables, their pixels and their splits.

Input: folders of images, label tables, downloads. Output: `archive.csv`, `split.csv`,
`thumbnails.h5`, and the pixels of an image. Imports `core`.
"""
