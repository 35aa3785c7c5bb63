//! Time, libraries, and what hyper leaves to a proxy.

use crate::advisories::Proof::{AtLeast, Check, Test};
use crate::advisories::Row;

const UNPARSED: &str = "tests/proxy/rfc/unparsed.rs";
const FAILURE: &str = "tests/proxy/failure.rs";
const LIMITS: &str = "tests/proxy/limits.rs";
const METHODS: &str = "tests/proxy/rfc/methods.rs";
const COHERENCE: &str = "src/directory/cached/tests/coherence.rs";

/// Who waits for whom.
pub(super) const TIME: &[Row] = &[
    (
        "moka#59 moka#240",
        "a leader that was cancelled took those with it that waited for it",
        &[
            Test(COHERENCE, "a_reader_that_hangs_up_takes_nobody_down"),
            Test(
                "tests/acceptance/bursts.rs",
                "a_caller_that_hangs_up_during_the_lookup_takes_nobody_down_with_it",
            ),
        ],
    ),
    (
        "measured: moka stores what a write overtook",
        "an older answer displaced a newer one",
        &[
            Test(COHERENCE, "an_answer_that_a_write_overtook_is_not_used"),
            Test(COHERENCE, "an_older_answer_does_not_displace_a_newer_one"),
            Test(
                COHERENCE,
                "nothing_read_after_a_write_is_older_than_the_write",
            ),
        ],
    ),
    (
        "measured: moka and errors",
        "a failure reaches all who wait for it, and must not be kept",
        &[Test(
            "src/directory/cached/tests/failure.rs",
            "failures_reach_all_who_wait_and_are_not_kept",
        )],
    ),
    (
        "hyper#3178 hyper#3756 hyper#2457",
        "header_read_timeout does nothing without a timer, and nothing before the first byte",
        &[
            Test(LIMITS, "a_connection_that_says_nothing_is_closed_silently"),
            Test(LIMITS, "a_head_that_comes_too_slowly_is_408"),
        ],
    ),
    (
        "hyper#2136",
        "a pooled connection that is dead: what never left may be sent again, what may have left may not",
        &[Test(
            FAILURE,
            "a_connection_that_breaks_is_502_broken_and_the_request_went_out_once",
        )],
    ),
    (
        "measured: half-close",
        "a caller that ended its sending side got no answer",
        &[
            Test(
                LIMITS,
                "a_caller_that_closes_its_sending_side_still_gets_its_answer",
            ),
            Test(
                "tests/proxy/rfc/persistence.rs",
                "what_was_sent_before_the_senders_end_is_answered",
            ),
        ],
    ),
    (
        "measured: graceful shutdown",
        "requests that cross it were lost",
        &[Test(
            "tests/proxy/drain.rs",
            "keep_alive_callers_in_a_closed_loop_lose_nothing",
        )],
    ),
    (
        "python-sdk: replays",
        "it sends a PATCH again by itself after 429, 503 and a broken connection",
        &[Check(
            "tests/e2e/checks/python-sdk-never-applies-a-patch-twice",
        )],
    ),
    (
        "java-sdk, go-sdk, javascript-sdk: answers",
        "Retry-After and status that are no integers are refused",
        &[
            Test(
                "src/answer.rs",
                "retry_after_is_whole_seconds_rounded_up_and_never_zero",
            ),
            Test("src/answer.rs", "the_body_is_the_apis_error_body"),
            Check("tests/e2e/checks/javascript-sdk-understands-our-answers"),
        ],
    ),
];

/// Advisories of what we build on, whose repair is a version.
pub(super) const LIBRARIES: &[Row] = &[
    (
        "hyper#4081",
        "max_buf_size was not kept to",
        &[
            AtLeast("hyper", "1.11.0"),
            Test(
                "tests/proxy/rfc/sizes.rs",
                "a_head_that_is_too_large_or_has_too_many_fields_is_431",
            ),
        ],
    ),
    (
        "RUSTSEC-2026-0007",
        "bytes: an overflow in reserve",
        &[AtLeast("bytes", "1.11.1")],
    ),
    (
        "RUSTSEC-2026-0002 RUSTSEC-2026-0253",
        "lru: unsound iterators",
        &[AtLeast("lru", "0.18.2")],
    ),
    (
        "RUSTSEC-2026-0049 RUSTSEC-2026-0098 RUSTSEC-2026-0099 RUSTSEC-2026-0104",
        "rustls-webpki: revocation lists and name constraints",
        &[AtLeast("rustls-webpki", "0.103.13")],
    ),
    (
        "RUSTSEC-2026-0044 to RUSTSEC-2026-0048",
        "aws-lc-sys: certificate and signature checks",
        &[AtLeast("aws-lc-sys", "0.39.0")],
    ),
];

/// What hyper leaves to a proxy.
pub(super) const SEMANTICS: &[Row] = &[
    (
        "measured: Host",
        "hyper accepts requests without, with two, and with an invalid one",
        &[Test(
            "tests/proxy/rfc/target.rs",
            "a_host_that_is_missing_doubled_or_none_is_refused",
        )],
    ),
    (
        "measured: answers of the parser",
        "hyper's 400, 414 and 431 have no content, and no metric",
        &[
            Test(UNPARSED, "what_is_no_request_never_reaches_the_upstream"),
            Test(
                "tests/proxy/rfc/sizes.rs",
                "a_target_that_is_too_long_is_414",
            ),
        ],
    ),
    (
        "measured: OPTIONS *",
        "a URI that is joined naively makes it a 502",
        &[Test(METHODS, "methods_for_other_servers_are_answered_here")],
    ),
    (
        "measured: Max-Forwards and TRACE",
        "hyper knows neither, and an upstream would show credentials",
        &[
            Test(METHODS, "max_forwards_is_counted_down_on_options"),
            Test(METHODS, "methods_for_other_servers_are_answered_here"),
        ],
    ),
];
