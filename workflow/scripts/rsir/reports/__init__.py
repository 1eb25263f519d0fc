"""Reports: the summary, pages, the gallery, query by example, the check of results.

In: tables, rankings, thumbnails and models. Out: Markdown, HTML, PNG and SVG. Imports all packages.
"""
