"""People told apart by splink with DuckDB, in an environment of its own. Called by `benchmarks.people`.

Reads JSON from the standard input, a record a line of `Known` there; prints the pairs with their match weights, and
CPU seconds. Set as its guides to deduplication set it: the comparisons that it brings for names and mail addresses,
term frequencies wherever a value can be common, u from random pairs, m by expectation maximisation in three sessions
that block by different fields, so that each field is trained in two at least.
"""

from __future__ import annotations

import json
import resource
import sys

import pyarrow
import splink.comparison_level_library as levels  # type: ignore[import-not-found]
import splink.comparison_library as compare  # type: ignore[import-not-found]
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

LOWEST_WEIGHT = -4.0
PAIRS_FOR_U = 1e7
SEED = 1

name = compare.CustomComparison(
    output_column_name="name",
    comparison_levels=[
        levels.NullLevel("whole"),
        levels.ExactMatchLevel("whole").configure(tf_adjustment_column="whole"),
        levels.JaroWinklerLevel("whole", 0.92),
        levels.And(
            levels.ExactMatchLevel("surname"),
            levels.CustomLevel("substr(forename_l, 1, 1) = substr(forename_r, 1, 1)"),
            levels.CustomLevel("least(length(forename_l), length(forename_r)) = 1"),
        ),
        levels.JaroWinklerLevel("whole", 0.8),
        levels.ExactMatchLevel("surname").configure(tf_adjustment_column="surname"),
        levels.ExactMatchLevel("forename").configure(tf_adjustment_column="forename"),
        levels.ElseLevel(),
    ],
)
phone = compare.ExactMatch("phone").configure(term_frequency_adjustments=True)
address = compare.ExactMatch("address").configure(term_frequency_adjustments=True)
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[
        name,
        compare.EmailComparison("mail"),
        phone,
        address,
        compare.ExactMatch("number"),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("mail"),
        block_on("mailbox"),
        block_on("phone"),
        block_on("number"),
        block_on("address"),
        block_on("whole"),
        block_on("surname", "postcode"),
        block_on("forename", "postcode"),
    ],
)
with_all = pyarrow.Table.from_pylist(json.load(sys.stdin))
linker = Linker(DuckDBAPI().register(with_all), settings, log_level=None)
certain = [block_on("number"), block_on("mail", "whole"), block_on("phone", "whole"), block_on("address", "whole")]
linker.training.estimate_probability_two_random_records_match(certain, recall=0.6)
linker.training.estimate_u_using_random_sampling(max_pairs=PAIRS_FOR_U, seed=SEED)
for rule in (block_on("whole"), block_on("number")):
    linker.training.estimate_parameters_using_expectation_maximisation(rule)
found = linker.inference.predict(threshold_match_weight=LOWEST_WEIGHT).as_pyarrow_table()
pairs = zip(*(found[name].to_pylist() for name in ("unique_id_l", "unique_id_r", "match_weight")), strict=True)
used = resource.getrusage(resource.RUSAGE_SELF)
json.dump({"cpu_seconds": used.ru_utime + used.ru_stime, "pairs": list(pairs)}, sys.stdout)
