"""Medians, ratios, and which runs count."""

import json
import unittest

import goals
import raw
import run
import scenario
import summary
import tables


def a_run(proxy=10.0, foreign=0.0, **other):
    figures = dict(per_second=1000.0, p50=100.0, p99=200.0, upstream=5.0, load=5.0, calls=1.0, reads=0.0, bad=0)
    return run.Run(**(figures | {"proxy": proxy, "foreign": foreign} | other))


def results(**by):
    found = summary.Results()
    for who, runs in by.items():
        for one in runs:
            found.add("read", who.replace("_", "-"), one)
    return found


class Summary(unittest.TestCase):
    def test_a_run_is_void_by_what_others_used_alone(self):
        self.assertFalse(a_run(proxy=1e9, p99=1e9, bad=100, foreign=0.10).void)
        self.assertTrue(a_run(foreign=0.11).void)

    def test_void_runs_count_for_nothing_but_their_number(self):
        found = results(nginx=[a_run(10), a_run(99, foreign=0.5), a_run(20), a_run(30)])
        self.assertEqual(found.spread("read", "nginx", "proxy"), (10, 20, 30))
        self.assertEqual(found.discarded(), (1, 4))
        self.assertEqual(found.fewest(), 3)

    def test_void_runs_count_where_they_are_asked_for(self):
        found = results(nginx=[a_run(10), a_run(99, foreign=0.5)])
        found.even_void = True
        self.assertEqual(found.spread("read", "nginx", "proxy"), (10, 54.5, 99))

    def test_a_ratio_is_that_of_the_medians(self):
        found = results(nginx=[a_run(10), a_run(20), a_run(90)], patchwright=[a_run(5), a_run(30), a_run(31)])
        self.assertEqual(found.ratio("read", "patchwright", "nginx", "proxy"), 1.5)

    def test_without_clean_runs_there_is_no_ratio(self):
        found = results(nginx=[a_run(10)], patchwright=[a_run(5, foreign=1.0)])
        self.assertIsNone(found.ratio("read", "patchwright", "nginx", "proxy"))

    def test_unexpected_answers_are_found_in_void_runs_as_well(self):
        found = results(nginx=[a_run(bad=2), a_run(bad=1, foreign=1.0)], haproxy=[a_run()])
        self.assertEqual(found.bad(), {("read", "nginx"): 3})


class Goals(unittest.TestCase):
    def test_a_goal_that_was_asked_for_and_not_measured_is_not_met(self):
        found = results(nginx=[a_run(10)], patchwright=[a_run(5, foreign=1.0)])
        asked = goals.of_times(found, found.runs)
        self.assertEqual([goal.value for goal in asked], [None])
        self.assertFalse(goals.all_met(asked))

    def test_must_and_goal_are_told_apart(self):
        found = results(nginx=[a_run(10)], patchwright=[a_run(10)])
        (goal,) = goals.of_times(found, found.runs)
        self.assertTrue(goals.all_met([goal]))
        self.assertEqual(goal.row()[1:], ["1.00", "≤ 1.05 met", "≤ 0.90"])
        found = results(nginx=[a_run(10)], patchwright=[a_run(10.6)])
        (goal,) = goals.of_times(found, found.runs)
        self.assertFalse(goals.all_met([goal]))

    def test_one_must_that_is_not_met_is_enough(self):
        kept, broken = goals.Goal("kept", 1, must=2), goals.Goal("broken", 3, must=2)
        self.assertFalse(goals.all_met([kept, broken]))
        self.assertTrue(goals.all_met([kept]))

    def test_every_goal_is_about_a_scenario_that_has_both(self):
        known = {each.name: each for each in scenario.SCENARIOS}
        for _, (name, reference, _), must, goal, _ in goals.RATIOS:
            self.assertIn(reference, known[name].who)
            self.assertIn("patchwright", known[name].who)
            self.assertLessEqual(goal, must)

    def test_instructions_are_compared_with_whom_they_must_be(self):
        counts = {("patchwright", "read"): 30, ("nginx", "read"): 30, ("patchwright", "gap"): 30, ("nginx-lua", "gap"): 60}
        self.assertEqual([goal.value for goal in goals.of_instructions(counts)], [1.0, 0.5])


class Raw(unittest.TestCase):
    def test_every_run_is_kept_and_which_of_them_are_void(self):
        found = results(nginx=[a_run(10), a_run(99, foreign=0.5)], patchwright=[a_run(10)])
        asked = goals.of_times(found, found.runs)
        kept = json.loads(json.dumps(raw.collected(found, {("nginx", "read"): 30}, {"idle": 8}, asked)))
        self.assertEqual([(one["proxy"], one["void"]) for one in kept["runs"]["read"]["nginx"]], [(10, False), (99, True)])
        self.assertEqual(kept["instructions"], [{"who": "nginx", "kind": "read", "count": 30}])
        self.assertEqual([(goal["value"], goal["met"]) for goal in kept["goals"]], [(1.0, True)])


class Tables(unittest.TestCase):
    def test_a_table_is_sorted_and_says_how_many_runs_were_clean(self):
        found = results(nginx=[a_run(20), a_run(1, foreign=1.0)], patchwright=[a_run(10)])
        text = tables.scenario(found, scenario.SCENARIOS[0])
        rows = [line for line in text.splitlines() if line.startswith("|")][2:]
        self.assertTrue(rows[0].startswith("| patchwright | 10.0 (10.0–10.0) | 0.50 |"), rows[0])
        self.assertTrue(rows[1].endswith("| 1 of 2 |"), rows[1])

    def test_numbers_have_groups_and_what_is_missing_a_dash(self):
        self.assertEqual(tables.number(1234567.8), "1 234 568")
        self.assertEqual(tables.number(None), "–")
        self.assertEqual(tables.span(None), "–")


if __name__ == "__main__":
    unittest.main()
