"""Multi-label retrieval of remote-sensing images: the library behind the workflow.

The packages stand in the order of the flow, and each imports only those before it: `core`,
`archives`, `networks`, `metrics`, `statistics`, `search`, `descriptors`, `training`, `evaluation`,
`reports`.
"""
