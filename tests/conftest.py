"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("asyncauth", deadline=None, print_blob=True)
settings.load_profile("asyncauth")
