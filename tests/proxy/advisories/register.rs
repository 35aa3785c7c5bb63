//! The rows.

use super::Proof::{Absent, AtLeast, Check, Like, Test};
use super::Row;

pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    let all = [
        FRAMING, EDITING, UPGRADES, HTTP2, TENANTS, TIME, LIBRARIES, SEMANTICS,
    ];
    all.into_iter().flatten()
}

const EARLY: &str = "tests/proxy/rfc/early.rs";
const FRAMING_UP: &str = "tests/proxy/rfc/framing.rs";
const FRAMING_DOWN: &str = "tests/proxy/rfc/framing_down.rs";
const HTTP10: &str = "tests/proxy/rfc/http10.rs";
const UNPARSED: &str = "tests/proxy/rfc/unparsed.rs";
const UPGRADE: &str = "tests/proxy/upgrade.rs";
const LENGTH: &str = "tests/proxy/rfc/length_after_edit.rs";
const FAILURE: &str = "tests/proxy/failure.rs";
const LIMITS: &str = "tests/proxy/limits.rs";
const METHODS: &str = "tests/proxy/rfc/methods.rs";
const BODIES: &str = "tests/layer/bodies.rs";
const RESEND: &str = "tests/layer/resend.rs";
const COHERENCE: &str = "src/directory/cached/tests/coherence.rs";

/// Where a message ends, and where the next one begins.
const FRAMING: &[Row] = &[
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
        &[
            Test(FRAMING_DOWN, "an_answer_without_a_meaning_is_502"),
            Test(FAILURE, "what_is_no_http_is_502_broken"),
        ],
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

/// A body that is edited is another body.
const EDITING: &[Row] = &[
    (
        "CVE-2026-42926",
        "nginx: a rewritten body with its old length, towards HTTP/2: requests were injected",
        &[
            Test(LENGTH, "an_edited_body_has_its_own_length_over_http_1_1"),
            Test(LENGTH, "an_edited_body_has_its_own_length_over_http_2"),
        ],
    ),
    (
        "CVE-2026-95101",
        "nginx: a buffered body with a wrong length was injected upstream",
        &[
            Test(LENGTH, "an_edited_body_has_its_own_length_over_http_1_1"),
            Absent("quinn"),
            Absent("h3"),
        ],
    ),
    (
        "envoy#28515 envoy#38291 kong#1207 kong#6196 mitmproxy#2310 mitmproxy#4824",
        "the framing of the old body after an edit",
        &[
            Test(LENGTH, "an_edited_body_has_its_own_length_over_http_1_1"),
            Test(BODIES, "fields_that_describe_the_old_bytes_go_with_them"),
        ],
    ),
    (
        "gravitee#491 gravitee#8109 traefik-rewritebody",
        "a length counted in characters",
        &[
            Test(LENGTH, "an_edited_body_has_its_own_length_over_http_1_1"),
            Test(LENGTH, "an_edited_body_has_its_own_length_over_http_2"),
        ],
    ),
    (
        "kong: empty arrays",
        "[] became {} and numbers were cut to 14 digits",
        &[
            Test(BODIES, "every_other_byte_is_kept"),
            Test(
                "tests/acceptance/bytes.rs",
                "the_insertion_and_nothing_else_changes",
            ),
        ],
    ),
    (
        "apisix, wso2, tyk, agentgateway: numbers",
        "large integers, floats or the order of members were damaged",
        &[
            Test(BODIES, "every_other_byte_is_kept"),
            Test(
                "src/repair/plan/tests.rs",
                "removing_what_was_inserted_gives_back_the_input",
            ),
        ],
    ),
    (
        "kong: content types",
        "nothing is done, silently, unless the type is application/json",
        &[Test(BODIES, "a_content_type_that_nobody_chose_is_set")],
    ),
    (
        "envoy-gateway#8578",
        "an upgrade was buffered as a body, and hung",
        &[Test("tests/layer/passing.rs", "an_upgrade_is_no_repair")],
    ),
    (
        "linkerd2#15649",
        "the first chunk was sent twice on a retry, and answered 200",
        &[
            Test(RESEND, "the_same_body_is_never_sent_twice"),
            Test(
                FAILURE,
                "a_connection_that_breaks_is_502_broken_and_the_request_went_out_once",
            ),
        ],
    ),
    (
        "size and coding",
        "wrong status codes, limits ignored on one path, coded bodies fed to the JSON parser",
        &[
            Test(
                "tests/layer/passing.rs",
                "a_body_over_the_limit_streams_through_or_is_refused",
            ),
            Like("tests/layer/bodies.rs", "coded"),
        ],
    ),
];

/// Other protocols.
const UPGRADES: &[Row] = &[
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

const H2: &str = "tests/proxy/http2";

/// Floods of HTTP/2 frames.
const HTTP2: &[Row] = &[
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
                "a_request_sheds_what_was_for_this_hop",
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

/// Floods whose tests are known by a part of their name, in `tests/proxy/http2`.
const FLOODS: [&str; 6] = [
    "rapid_reset",
    "continuation",
    "settings",
    "empty_data",
    "made_you_reset",
    "window",
];

/// While some of them are missing they are named, and fail nothing.
#[test]
fn floods_of_frames_have_their_tests() {
    for flood in FLOODS {
        if let Some(fault) = super::fault(&Like(H2, flood)) {
            eprintln!("{fault}");
        }
    }
}

/// Who may see what, and by which name.
const TENANTS: &[Row] = &[
    (
        "CVE-2026-2836 / RUSTSEC-2026-0035",
        "Pingora: a cache keyed by the path alone",
        &[
            Test(
                "tests/acceptance/tenants.rs",
                "a_credential_never_benefits_from_what_another_may_see",
            ),
            Test("tests/layer/lookup.rs", "credentials_do_not_share"),
            Test(COHERENCE, "upstreams_do_not_share_what_they_say"),
        ],
    ),
    (
        "CVE-2026-73551 CVE-2026-73511 CVE-2026-73553",
        "Envoy: /..; and path parameters meant one thing to a rule and another to the upstream",
        &[
            Test("tests/proxy/rfc/target.rs", "a_target_is_not_touched"),
            Test(
                "src/rule/tests.rs",
                "a_request_is_matched_by_method_and_undecoded_path",
            ),
            Test(
                "src/rule/template.rs",
                "values_are_undecoded_unreserved_characters",
            ),
        ],
    ),
    (
        "apollo-router#1695",
        "a configuration that is mounted by a symlink was not seen to change; ours is read once",
        &[Absent("notify")],
    ),
    (
        "RUSTSEC-2025-0055",
        "tracing-subscriber: escape sequences of a caller reached the terminal",
        &[
            AtLeast("tracing-subscriber", "0.3.20"),
            Test(
                "src/telemetry.rs",
                "a_caller_cannot_write_lines_or_escapes_into_the_log",
            ),
        ],
    ),
];

/// Who waits for whom.
const TIME: &[Row] = &[
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
const LIBRARIES: &[Row] = &[
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
        &[Absent("lru")],
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
const SEMANTICS: &[Row] = &[
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
