"""What holds for every test."""

import pytest
from hypothesis import settings

# A property judges answers, not how busy the machine is. In CI, Hypothesis's own profile for it stays underneath.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")

# The contracts are modules that tests import: without this, what they compare is not shown.
pytest.register_assert_rewrite(
    "tests.connectors.contracts", "tests.connectors.itsm_contracts", "tests.connectors.side_contract"
)
