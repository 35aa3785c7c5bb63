//! HTTP/2: floods of frames, and what it does to bodies.

use crate::advisories::Proof::{AtLeast, Like, Test};
use crate::advisories::Row;

const LENGTH: &str = "tests/proxy/rfc/length_after_edit.rs";

const H2: &str = "tests/proxy/http2";
const FLOODS: &str = "tests/proxy/http2/floods.rs";
const RESETS: &str = "tests/proxy/http2/resets.rs";

/// Floods of HTTP/2 frames.
pub(super) const HTTP2: &[Row] = &[
    (
        "CVE-2025-8671 / RUSTSEC-2025-0070",
        "MadeYouReset: streams that we reset ourselves were not counted",
        &[
            AtLeast("h2", "0.4.18"),
            Test(
                RESETS,
                "made_you_reset_ends_the_connection_and_costs_the_upstream_little",
            ),
        ],
    ),
    (
        "CVE-2023-44487",
        "rapid reset: streams that are opened and reset",
        &[AtLeast("h2", "0.4.18"), Like(H2, "rapid_reset")],
    ),
    (
        "CVE-2023-26964 / RUSTSEC-2023-0034",
        "h2: an accept queue without a bound",
        &[AtLeast("h2", "0.3.17")],
    ),
    (
        "RUSTSEC-2024-0332",
        "h2: CONTINUATION frames without end",
        &[
            AtLeast("h2", "0.4.4"),
            Test(FLOODS, "a_continuation_flood_ends_the_connection_early"),
        ],
    ),
    (
        "RUSTSEC-2024-0003",
        "h2: a reset queue without a bound, filled by invalid frames",
        &[AtLeast("h2", "0.4.2")],
    ),
    (
        "RUSTSEC-2026-0258",
        "h2: empty DATA frames without end",
        &[AtLeast("h2", "0.4.18"), Like(H2, "empty_data")],
    ),
    (
        "CVE-2019-9515",
        "SETTINGS frames without end, each of which wants an answer",
        &[Like(H2, "settings")],
    ),
    (
        "CVE-2019-9511 / CVE-2019-9517",
        "answers that are asked for and not read, one byte of window at a time",
        &[Like(H2, "window")],
    ),
    (
        "hyper#3623",
        "hyper-util: one connection to a host, and no second one at the cap of streams",
        &[Test(
            "tests/proxy/http2/upstream_streams.rs",
            "a_burst_of_256_has_never_more_streams_on_a_connection_than_allowed",
        )],
    ),
    (
        "hyper#4019",
        "hyper: a Connection that is not UTF-8 panicked on the way to HTTP/2",
        &[
            Test(
                "tests/proxy/rfc/hops.rs",
                "nothing_of_one_hop_gets_onto_http_2",
            ),
            Test(
                "tests/proxy/rfc/hops.rs",
                "an_answer_sheds_what_was_for_this_hop",
            ),
            Test(
                "src/upstream/hop.rs",
                "a_connection_that_is_not_utf8_is_no_trouble",
            ),
            AtLeast("hyper", "1.11.0"),
        ],
    ),
    (
        "measured: a stale Content-Length over HTTP/2",
        "the stream is reset",
        &[Test(
            LENGTH,
            "an_edited_body_has_its_own_length_over_http_2",
        )],
    ),
];
