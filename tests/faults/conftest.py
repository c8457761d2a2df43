"""What a power cut leaves is told by inodes that are kept open, for which Linux has a way."""

import os

collect_ignore_glob = [] if hasattr(os, "O_PATH") else ["test_*.py"]
