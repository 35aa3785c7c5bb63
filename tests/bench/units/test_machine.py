"""What others used, and that the clocks are read as they are meant."""

import os
import subprocess
import sys
import time
import unittest

import machine


def others(used, ended, stolen=0.0):
    found = machine.Others.__new__(machine.Others)
    found.used, found.ended, found.stolen = used, ended, stolen
    return found


class UsedBetween(unittest.TestCase):
    def test_what_ran_before_and_what_has_begun(self):
        before = others({1: 5.0}, {1: 0.0})
        after = others({1: 5.25, 2: 0.5}, {1: 0.0, 2: 0.0})
        self.assertAlmostEqual(machine.used_between(before, after), 0.75)

    def test_who_has_ended_counts_for_what_it_used_since(self):
        before = others({1: 5.0, 2: 60.0}, {1: 7.0, 2: 0.0})
        after = others({1: 5.0}, {1: 67.25})
        self.assertAlmostEqual(machine.used_between(before, after), 0.25)

    def test_who_came_and_went_counts_by_its_parent(self):
        before, after = others({1: 5.0}, {1: 7.0}), others({1: 5.0}, {1: 7.5})
        self.assertAlmostEqual(machine.used_between(before, after), 0.5)

    def test_who_has_ended_unseen_takes_nothing_away(self):
        before, after = others({1: 5.0, 2: 60.0}, {1: 7.0, 2: 0.0}), others({1: 5.5}, {1: 7.0})
        self.assertAlmostEqual(machine.used_between(before, after), 0.5)

    def test_what_children_of_who_has_ended_had_used_is_not_new(self):
        before, after = others({1: 5.0, 2: 1.0}, {1: 7.0, 2: 16.0}), others({1: 5.0}, {1: 24.5})
        self.assertAlmostEqual(machine.used_between(before, after), 0.5)

    def test_what_another_guest_had(self):
        before, after = others({}, {}, stolen=1.0), others({}, {}, stolen=1.5)
        self.assertAlmostEqual(machine.used_between(before, after), 0.5)


class Clocks(unittest.TestCase):
    def test_the_time_of_another_process_is_its_own(self):
        busy = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass\nprint()\ninput()"]
        with subprocess.Popen(busy, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            used = machine.processor_time(child.pid)
            self.assertIn(child.pid, machine.descendants(os.getpid()))
            self.assertGreater(machine.memory(child.pid), 1000)
            child.communicate(b"\n")
        self.assertGreaterEqual(used, 0.2)
        self.assertLess(used, 5)
        self.assertIsNone(machine.processor_time(child.pid))

    def test_a_busy_stranger_is_seen(self):
        before, started = machine.Others({os.getpid()}), time.monotonic()
        busy = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass\nprint()\ninput()"]
        with subprocess.Popen(busy, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            used = machine.Others({os.getpid()}).since(before)
            child.communicate(b"\n")
        self.assertGreaterEqual(used, 0.3)
        # Two cores give two seconds in one, to whomever.
        self.assertLess(used, (time.monotonic() - started) * (os.cpu_count() or 1) + 1)


if __name__ == "__main__":
    unittest.main()
