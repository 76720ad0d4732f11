"""Small made-up trees, each with one fault that tools/check_layers.py must name."""
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_layers  # noqa: E402  (found through the line above)

HEADER = "// A contract.\n#pragma once\n"
SOUND = {
    "core/CMakeLists.txt": "kith_module(core SOURCES a.cc LINKS Threads::Threads)",
    "core/README.md": "# core\n",
    "core/a.h": HEADER + "#include <vector>\n#include <sys/mman.h>\n",
    "core/a.cc": '#include "core/a.h"\n',
    "storage/CMakeLists.txt": "kith_module(storage\n  SOURCES s.cc  # kith::index\n"
                              "  LINKS kith::core\n  PRIVATE_LINKS PkgConfig::hdf5)",
    "storage/README.md": "# storage\n",
    "storage/s.h": HEADER + '#include "core/a.h"\n',
    "storage/hdf5_file.cc": '#include <hdf5.h>\n#include "storage/s.h"\n',
    "index/CMakeLists.txt": "kith_module(index SOURCES i.cc LINKS kith::core\n"
                            "  PRIVATE_LINKS kith::storage)",
    "index/README.md": "# index\n",
    "index/flat/f.h": HEADER + '#include "core/a.h"\n',
    "index/flat/f.cc": '#include <hwy/highway.h>\n#include "storage/s.h"\n',
    "index/graph/g.h": HEADER + '#include "index/flat/f.h"\n',
    "tests/index/flat/f_test.cc": '#include <gtest/gtest.h>\n#include "index/flat/f.h"\n',
    "bench/b.cc": '#include <benchmark/benchmark.h>\n#include "storage/s.h"\n',
}


def errors_with(files):
    """Errors of the sound tree with some files added or changed; None removes one."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**SOUND, **files}.items():
            if text is not None:
                file = Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        return check_layers.errors_of(check_layers.Tree(root))


class CheckLayersTest(unittest.TestCase):
    def expect_one(self, files, *parts):
        errors = errors_with(files)
        self.assertEqual(len(errors), 1, errors)
        for part in parts:
            self.assertIn(part, errors[0])

    def test_a_sound_tree_has_no_errors(self):
        self.assertEqual(errors_with({}), [])

    def test_this_project_is_seen(self):
        tree = check_layers.Tree(ROOT)
        self.assertIn("core", tree.links)
        self.assertIn("core/result.h", tree.own)

    # Floors.
    def test_a_link_to_a_higher_floor_is_an_error(self):
        self.expect_one({"core/CMakeLists.txt": "kith_module(core LINKS kith::embeddings)",
                         "embeddings/CMakeLists.txt": "kith_module(embeddings)",
                         "embeddings/README.md": ""},
                        "core (floor 0) links embeddings (floor 2)")

    def test_a_link_to_a_neighbour_of_the_same_floor_is_an_error(self):
        self.expect_one({"embeddings/CMakeLists.txt": "kith_module(embeddings LINKS kith::index)",
                         "embeddings/README.md": ""},
                        "embeddings (floor 2) links index (floor 2)")

    def test_a_module_without_a_floor_is_an_error(self):
        self.expect_one({"attic/CMakeLists.txt": "kith_module(attic)", "attic/README.md": ""},
                        "attic stands on no floor")

    def test_a_link_to_no_module_is_an_error(self):
        self.expect_one({"core/CMakeLists.txt": "kith_module(core LINKS kith::sky)"},
                        "kith::sky, which is no module")

    def test_circles_of_modules_are_found(self):
        errors = errors_with({"core/CMakeLists.txt": "kith_module(core LINKS kith::storage)"})
        self.assertTrue(any("circle of modules: core -> storage -> core" in e for e in errors), errors)

    def test_circles_of_files_are_found(self):
        self.expect_one({"core/b.h": HEADER + '#include "core/c.h"\n',
                         "core/c.h": HEADER + '#include "core/b.h"\n'},
                        "circle of files: core/b.h -> core/c.h -> core/b.h")

    def test_circles_of_folders_in_a_module_are_found(self):
        self.expect_one({"index/graph/h.h": HEADER,
                         "index/flat/f.cc": '#include "index/graph/h.h"\n'},
                        "circle of folders in index/: ", "flat", "graph")

    # Includes.
    def test_an_include_of_an_unlinked_module_is_an_error(self):
        self.expect_one({"core/a.cc": '#include "storage/s.h"\n'},
                        "core/a.cc: core does not link kith::storage")

    def test_an_include_inside_a_subfolder_counts_as_its_module(self):
        self.expect_one({"core/deep/er/x.cc": '#include "index/flat/f.h"\n'},
                        "core/deep/er/x.cc: core does not link kith::index")

    def test_a_header_may_not_include_a_private_link(self):
        self.expect_one({"index/flat/f.h": HEADER + '#include "storage/s.h"\n'},
                        "index/flat/f.h", "only in PRIVATE_LINKS")

    def test_an_include_relative_to_the_folder_is_an_error(self):
        self.expect_one({"core/a.cc": '#include "a.h"\n'}, 'include "a.h": no such file')

    def test_nothing_includes_the_roof(self):
        self.expect_one({"bench/b.h": HEADER, "index/flat/f.cc": '#include "bench/b.h"\n'},
                        "nothing sees bench/")

    # Walls.
    def test_a_foreign_include_outside_its_wall_is_an_error(self):
        self.expect_one({"core/a.cc": "#include <simdjson.h>\n"},
                        "core/a.cc: include <simdjson.h>: behind a wall, allowed in storage/jsonl.cc")

    def test_an_indented_foreign_include_is_seen(self):
        self.expect_one({"core/a.cc": "#if 1\n#  include <hnswlib/hnswlib.h>\n#endif\n"},
                        "<hnswlib/hnswlib.h>: behind a wall")

    def test_an_unknown_foreign_include_is_an_error(self):
        self.expect_one({"core/a.cc": "#include <boost/asio.hpp>\n"},
                        "<boost/asio.hpp>: foreign, and no row of WALLS allows it")

    def test_a_public_header_behind_the_wall_may_not_show_the_library(self):
        self.expect_one({"tools/options.h": HEADER + "#include <CLI/CLI.hpp>\n",
                         "tools/CMakeLists.txt": "kith_module(tools)", "tools/README.md": ""},
                        "tools/options.h", "a public header shows a foreign library")

    def test_a_kernels_header_ending_in_inl_may_include_highway(self):
        kernels = {"core/dot-inl.h": HEADER + "#include <hwy/highway.h>\n"}
        self.assertEqual(errors_with(kernels), [])

    # Files.
    def test_a_file_over_the_limit_is_an_error(self):
        self.assertEqual(errors_with({"core/a.cc": "\n" * 600}), [])
        self.expect_one({"core/a.cc": "\n" * 601}, "core/a.cc: 601 lines, at most 600")

    def test_attic_names_are_errors(self):
        for path in ("core/util.cc", "core/string_utils.cc", "tests/core/common/x.py",
                     "core/test-helpers.cc", "core/base.cc", "core/lock_manager.cc"):
            with self.subTest(path):
                self.expect_one({path: ""}, f"{path}: the name ")
        self.assertEqual(errors_with({"core/base_rows.cc": "", "core/commonest.cc": ""}), [])

    def test_leftovers_are_errors_with_their_line(self):
        for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"):
            with self.subTest(word):
                self.expect_one({"core/a.cc": f"\n// {word}: later\n"}, f"core/a.cc:2: {word}")

    def test_a_module_without_a_readme_is_an_error(self):
        self.expect_one({"storage/README.md": None}, "storage/README.md: missing")

    def test_a_header_without_its_contract_is_an_error(self):
        self.expect_one({"core/b.h": "#pragma once\n"}, "core/b.h:1: a header begins with")

    def test_a_header_without_a_guard_is_an_error(self):
        self.expect_one({"core/b.h": "// A contract.\n"}, "core/b.h: no #pragma once")

    def test_a_test_in_a_folder_without_sources_is_an_error(self):
        self.expect_one({"tests/core/deep/x_test.cc": ""}, "there is no folder core/deep/")


if __name__ == "__main__":
    unittest.main()
