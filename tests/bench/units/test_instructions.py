"""What is read of callgrind, and what a budget says."""

import tomllib
import unittest

import instructions
import verdict

LOG = """==1234== Callgrind, a call-graph generating cache profiler
==1234== Events    : Ir
==1234== Collected : 512345678
==1234==
==1234== I   refs:      512,345,678
"""


class Callgrind(unittest.TestCase):
    def test_what_it_collected_is_read(self):
        self.assertEqual(instructions.collected(LOG), 512345678)

    def test_a_program_that_was_not_counted_is_an_error(self):
        with self.assertRaises(RuntimeError):
            instructions.collected("==1234== killed")

    def test_starting_and_ending_do_not_count(self):
        few, more = instructions.FEW, instructions.MORE
        self.assertEqual(instructions.per_request(10**9 + few * 70, 10**9 + more * 70), 70)


class Verdict(unittest.TestCase):
    def line(self, budget, counted):
        (line,) = verdict.compare(budget, counted)
        return line

    def test_three_per_cent_more_is_allowed_and_no_more(self):
        self.assertFalse(self.line({"hit": 1000}, {"hit": 1030}).fails)
        line = self.line({"hit": 1000}, {"hit": 1031})
        self.assertTrue(line.fails)
        self.assertIn("hit: 1,031 instructions, +3.1% of 1,000", line.text)
        self.assertIn("--accept", line.text)

    def test_what_is_cheaper_passes_and_is_asked_to_stay_so(self):
        line = self.line({"hit": 1000}, {"hit": 969})
        self.assertFalse(line.fails)
        self.assertIn("--accept", line.text)
        self.assertNotIn("--accept", self.line({"hit": 1000}, {"hit": 971}).text)

    def test_work_without_a_budget_and_a_budget_without_work_fail(self):
        self.assertTrue(self.line({}, {"hit": 1}).fails)
        self.assertTrue(self.line({"hit": 1}, {}).fails)

    def test_what_is_written_is_read_again(self):
        text = verdict.write({"splice-1k": 12, "hit": 3}, {"read": 4})
        self.assertEqual(tomllib.loads(text), {"operations": {"splice-1k": 12, "hit": 3}, "requests": {"read": 4}})


if __name__ == "__main__":
    unittest.main()
