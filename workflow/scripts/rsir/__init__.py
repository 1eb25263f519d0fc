"""Multi-label retrieval of remote-sensing images with deep features."""
