"""The demo page: phones side by side in a browser, an adjustable clock, and steps to try."""

from simulator.demo.demo import Demo
from simulator.demo.people import DemoPerson
from simulator.demo.steps import Step, offers, says

__all__ = ["Demo", "DemoPerson", "Step", "offers", "says"]
