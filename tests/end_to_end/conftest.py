import pandas as pd
import pytest
from small_results import DESCRIBED, read_scores, read_tables

from project import Outcome, Project


@pytest.fixture(scope="session")
def small(small_run: tuple[Project, Outcome]) -> Project:
    project, outcome = small_run
    assert outcome.status == 0, outcome.text
    return project


@pytest.fixture(scope="session")
def archive(small: Project) -> pd.DataFrame:
    table = pd.read_csv(small.path("results/sample/archive.csv"), dtype={"image": str})
    return table.set_index("image", drop=False)


@pytest.fixture(scope="session")
def scores(small: Project) -> pd.DataFrame:
    return pd.concat([read_scores(small, *described) for described in DESCRIBED], ignore_index=True)


@pytest.fixture(scope="session")
def comparison(small: Project) -> pd.DataFrame:
    return read_tables(small, "comparison.csv")


@pytest.fixture(scope="session")
def contrasts(small: Project) -> pd.DataFrame:
    return read_tables(small, "contrasts.csv")
