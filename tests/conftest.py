"""Tests never read or write a learner's progress."""

import os

os.environ["AUTOGRAD_PROGRESS"] = "off"
