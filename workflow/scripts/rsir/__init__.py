"""Multi-label retrieval of remote-sensing images: the library behind the workflow.

The packages are listed in the order of the data flow, and each imports only earlier ones: `core`,
`archives`, `networks`, `metrics`, `statistics`, `search`, `descriptors`, `training`, `evaluation`,
`reports`.
"""
