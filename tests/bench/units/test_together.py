"""What is made of proxies that were measured at the same time."""

import unittest

import scenario
import together

BY_NAME = {each.name: each for each in scenario.SCENARIOS}


class Together(unittest.TestCase):
    def test_what_the_machine_did_in_a_round_is_in_no_ratio(self):
        # The second round took twice as long for everybody.
        rounds = [{"nginx": 20.0, "patchwright": 22.0}, {"nginx": 40.0, "patchwright": 44.0}]
        table = together.table(BY_NAME["read"], rounds)
        self.assertIn("| nginx | 30.0 | 1.000 ± 0.000 |", table)
        self.assertIn("| patchwright | 33.0 | 1.100 ± 0.000 |", table)

    def test_what_differs_between_rounds_is_the_error(self):
        rounds = [{"nginx": 10.0, "patchwright": 10.0}, {"nginx": 10.0, "patchwright": 12.0}]
        self.assertIn("| patchwright | 11.0 | 1.100 ± 0.100 |", together.table(BY_NAME["read"], rounds))

    def test_only_loads_that_take_what_they_get_are_measured(self):
        fits = [each.name for each in scenario.SCENARIOS if together.fits(each)]
        self.assertEqual(fits, ["read", "whole", "warm"])
