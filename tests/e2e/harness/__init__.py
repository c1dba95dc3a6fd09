# SPDX-License-Identifier: MIT
"""What the end-to-end tests are made of: real processes, real sockets, and no sleeps."""
