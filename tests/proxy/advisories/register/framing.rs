//! Messages and connections.

use crate::advisories::Proof::{AtLeast, Test};
use crate::advisories::Row;

const EARLY: &str = "tests/proxy/rfc/early.rs";
const FRAMING_UP: &str = "tests/proxy/rfc/framing.rs";
const FRAMING_DOWN: &str = "tests/proxy/rfc/framing_down.rs";
const HTTP10: &str = "tests/proxy/rfc/http10.rs";
const UNPARSED: &str = "tests/proxy/rfc/unparsed.rs";
const UPGRADE: &str = "tests/proxy/upgrade.rs";
const METHODS: &str = "tests/proxy/rfc/methods.rs";

/// Where a message ends, and where the next one begins.
pub(super) const FRAMING: &[Row] = &[
    (
        "CVE-2025-4366 / RUSTSEC-2025-0037",
        "Pingora: answered without draining the body, which was read as the next request",
        &[
            Test(EARLY, "the_rest_of_a_body_that_we_refused_is_no_request"),
            Test(
                EARLY,
                "behind_a_body_that_was_read_away_the_connection_goes_on",
            ),
            Test(
                EARLY,
                "behind_an_early_answer_of_the_upstream_the_body_is_still_a_body",
            ),
        ],
    ),
    (
        "CVE-2026-2835 / RUSTSEC-2026-0034",
        "Pingora: HTTP/1.0 bodies that end with the connection, several transfer codings",
        &[
            Test(FRAMING_UP, "codings_other_than_one_chunked_are_refused"),
            Test(UNPARSED, "what_is_no_request_never_reaches_the_upstream"),
            Test(HTTP10, "an_http_1_0_body_needs_a_length"),
        ],
    ),
    (
        "CVE-2021-21299",
        "hyper: several transfer codings were read as one",
        &[
            Test(FRAMING_UP, "codings_other_than_one_chunked_are_refused"),
            Test(
                FRAMING_UP,
                "of_two_framings_the_stronger_counts_and_the_connection_ends",
            ),
            AtLeast("hyper", "1.11.0"),
        ],
    ),
    (
        "CVE-2021-32714",
        "hyper: a chunk size that overflowed",
        &[Test(
            FRAMING_UP,
            "chunks_that_are_none_are_400_and_never_complete_upstream",
        )],
    ),
    (
        "CVE-2021-32715",
        "hyper: a Content-Length with a plus was taken",
        &[Test(
            UNPARSED,
            "what_is_no_request_never_reaches_the_upstream",
        )],
    ),
    (
        "CVE-2020-35863",
        "hyper: the body of a GET was left on the connection",
        &[
            Test(
                "tests/proxy/body.rs",
                "a_get_with_a_body_of_unknown_length_keeps_it",
            ),
            Test(
                "tests/proxy/rfc/persistence.rs",
                "pipelined_requests_are_answered_in_order",
            ),
        ],
    ),
    (
        "hyper#4123",
        "hyper: a Content-Length in front of a Transfer-Encoding was kept",
        &[
            Test(
                FRAMING_UP,
                "of_two_framings_the_stronger_counts_and_the_connection_ends",
            ),
            Test(FRAMING_DOWN, "an_answers_framing_is_told_anew"),
            AtLeast("hyper", "1.11.0"),
        ],
    ),
    (
        "HTTP Garden: hyper",
        "an empty chunk size was taken for zero",
        &[Test(
            FRAMING_UP,
            "chunks_that_are_none_are_400_and_never_complete_upstream",
        )],
    ),
    (
        "CVE-2023-40225",
        "HAProxy: an empty Content-Length was forwarded",
        &[Test(
            UNPARSED,
            "what_is_no_request_never_reaches_the_upstream",
        )],
    ),
    (
        "CVE-2023-25725",
        "HAProxy: an empty field name cut off the fields behind it",
        &[
            Test(UNPARSED, "what_is_no_request_never_reaches_the_upstream"),
            Test(FRAMING_DOWN, "an_answer_without_a_meaning_is_502"),
        ],
    ),
    (
        "CVE-2021-40346",
        "HAProxy: an integer overflow in a field's length hid a Content-Length",
        &[Test(
            UNPARSED,
            "what_is_no_request_never_reaches_the_upstream",
        )],
    ),
    (
        "CVE-2023-39326 / GO-2023-2382",
        "Go: chunk extensions without end were read without a bound",
        &[
            Test(
                FRAMING_UP,
                "chunks_that_are_none_are_400_and_never_complete_upstream",
            ),
            Test(FRAMING_UP, "chunk_extensions_are_not_forwarded"),
        ],
    ),
    (
        "CVE-2017-18587",
        "hyper: line breaks in values were written to the wire",
        &[
            Test(
                "tests/proxy/rfc/injection.rs",
                "looked_up_values_stay_in_their_string",
            ),
            Test(
                "tests/proxy/rfc/injection.rs",
                "our_own_answers_repeat_nothing_of_the_request",
            ),
        ],
    ),
    (
        "measured: chunked, chunked",
        "hyper accepts it and decodes one layer",
        &[Test(
            FRAMING_UP,
            "codings_other_than_one_chunked_are_refused",
        )],
    ),
    (
        "measured: NUL in a chunk extension",
        "hyper accepts it",
        &[Test(FRAMING_UP, "chunk_extensions_are_not_forwarded")],
    ),
    (
        "measured: an answer's unknown Transfer-Encoding",
        "hyper reads to the end of the connection and presents the coded bytes as whole",
        &[Test(FRAMING_DOWN, "an_answer_without_a_meaning_is_502")],
    ),
    (
        "measured: an answer's Content-Length beside chunked",
        "hyper's client reads by the chunks and its server writes by the length: the content is cut off",
        &[Test(FRAMING_DOWN, "an_answers_framing_is_told_anew")],
    ),
    (
        "measured: a pooled connection that spoke HTTP/1.0",
        "hyper sends a body of unknown length on it as none, and raises no error",
        &[Test(
            HTTP10,
            "a_connection_that_spoke_http_1_0_is_not_used_again",
        )],
    ),
];

/// Other protocols.
pub(super) const UPGRADES: &[Row] = &[
    (
        "CVE-2026-2833 / RUSTSEC-2026-0033",
        "Pingora: bytes behind an Upgrade were tunnelled before the 101",
        &[Test(
            UPGRADE,
            "bytes_are_tunnelled_both_ways_after_the_101_and_not_before",
        )],
    ),
    (
        "CVE-2025-64763",
        "Envoy: data behind a CONNECT was passed on early",
        &[Test(METHODS, "what_follows_a_connect_goes_nowhere")],
    ),
    (
        "CVE-2026-73548",
        "Envoy: an upgrade poisoned the pooled upstream connection",
        &[Test(UPGRADE, "an_upgraded_connection_is_never_used_again")],
    ),
    (
        "CVE-2026-58055",
        "nghttpx: an Upgrade with a Content-Length on a connection that was used again",
        &[
            Test(UPGRADE, "an_upgrade_with_a_body_or_to_h2c_is_sent_without"),
            Test(UPGRADE, "behind_an_upgrade_with_a_body_both_sides_agree"),
        ],
    ),
    (
        "measured: an unasked 101",
        "hyper passes it on to the caller",
        &[Test(UPGRADE, "a_101_that_nobody_asked_for_is_502")],
    ),
];
