"""Configurations are rendered whole."""

import pathlib
import re
import tempfile
import unittest

import peers


class Rendered(unittest.TestCase):
    def test_no_place_is_left_open_and_all_keep_state_as_long(self):
        with tempfile.TemporaryDirectory() as folder:
            made = peers.Peers(folder, 9, 0, "patchwright", envoy="envoy", age=7)
            for template in peers.CONFIGURATIONS.iterdir():
                text = pathlib.Path(made.render(template.name, 8)).read_text(encoding="utf-8")
                self.assertIsNone(re.search(r"@[a-z_]+@", text), template.name)
            self.assertIn("snapshots:set(key, found, 7)", pathlib.Path(f"{folder}/8-nginx-lua.conf").read_text("utf-8"))
            self.assertIn("now + 7 * 1000", pathlib.Path(f"{folder}/repair.lua").read_text("utf-8"))

    def test_what_is_not_there_is_left_out_and_the_others_are_measured(self):
        always = {"patchwright", "nginx", "nginx-lua", "haproxy"}
        self.assertEqual(set(peers.Peers("/", 9, 0, "patchwright").names()), always)
        every = set(peers.Peers("/", 9, 0, "patchwright", plain="plain", envoy="envoy").names())
        self.assertEqual(every, always | {"plain", "envoy-lua"})


if __name__ == "__main__":
    unittest.main()
