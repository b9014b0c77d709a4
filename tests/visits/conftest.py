from tests.targets.conftest import gstreamer

__all__ = ["gstreamer"]
