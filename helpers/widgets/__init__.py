"""Widgets: Python beside the JavaScript and CSS that it sends to the page."""

from helpers.widgets.stepper import Step, Stepper

__all__ = ["Step", "Stepper"]
