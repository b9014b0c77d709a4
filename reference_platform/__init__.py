"""The application management platform of the standard: a real service, and the harness's yardstick.

Imports nothing of the harness but ``protocols`` and ``messages``: see docs/architecture.md.
"""

VERSION = "1.0"
