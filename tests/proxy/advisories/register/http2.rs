//! Floods of HTTP/2 frames.

use crate::advisories::Proof::{AtLeast, Like, Test};
use crate::advisories::Row;

const LENGTH: &str = "tests/proxy/rfc/length_after_edit.rs";

const H2: &str = "tests/proxy/http2";

/// Floods of HTTP/2 frames.
pub(super) const HTTP2: &[Row] = &[
    (
        "CVE-2025-8671 / RUSTSEC-2025-0070",
        "MadeYouReset: streams that we reset ourselves were not counted",
        &[AtLeast("h2", "0.4.18")],
    ),
    (
        "CVE-2023-44487",
        "rapid reset: streams that are opened and reset",
        &[AtLeast("h2", "0.4.18")],
    ),
    (
        "CVE-2023-26964 / RUSTSEC-2023-0034",
        "h2: an accept queue without a bound",
        &[AtLeast("h2", "0.3.17")],
    ),
    (
        "RUSTSEC-2024-0332",
        "h2: CONTINUATION frames without end",
        &[AtLeast("h2", "0.4.4")],
    ),
    (
        "RUSTSEC-2024-0003",
        "h2: a reset queue without a bound, filled by invalid frames",
        &[AtLeast("h2", "0.4.2")],
    ),
    (
        "RUSTSEC-2026-0258",
        "h2: empty DATA frames without end",
        &[AtLeast("h2", "0.4.18")],
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

/// What has a test in `tests/proxy/http2` that is known by a part of its name.
const BY_NAME: [(&str, &str); 7] = [
    ("CVE-2023-44487", "rapid_reset"),
    ("RUSTSEC-2024-0332", "continuation"),
    ("CVE-2019-9515", "settings"),
    ("RUSTSEC-2026-0258", "empty_data"),
    ("CVE-2025-8671", "made_you_reset"),
    ("CVE-2019-9511", "window"),
    (
        "hyper#3623: no second connection at the cap of streams",
        "second_connection",
    ),
];

/// While some of them are missing they are named, and fail nothing.
#[test]
fn floods_of_frames_have_their_tests() {
    for (id, part) in BY_NAME {
        if let Some(fault) = crate::advisories::fault(&Like(H2, part)) {
            eprintln!("{id}: {fault}");
        }
    }
}
