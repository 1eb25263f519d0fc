import numpy as np
import pytest


@pytest.fixture(scope="session")
def features() -> np.ndarray:
    """18 images of three scenes, whose features point three ways."""
    rng = np.random.default_rng(5)
    return (np.repeat(np.eye(3, 8), 6, axis=0) + rng.normal(0, 0.05, (18, 8))).astype(np.float32)
