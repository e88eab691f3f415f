"""What holds for every test."""

from hypothesis import settings

# A property judges answers, not how busy the machine is. In CI, Hypothesis's own profile for it stays underneath.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")
