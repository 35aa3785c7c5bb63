//! Edits, and who may see what.

use crate::advisories::Proof::{Absent, AtLeast, Like, Test};
use crate::advisories::Row;

const LENGTH: &str = "tests/proxy/rfc/length_after_edit.rs";
const FAILURE: &str = "tests/proxy/failure.rs";
const BODIES: &str = "tests/layer/bodies.rs";
const RESEND: &str = "tests/layer/resend.rs";
const COHERENCE: &str = "src/directory/cached/tests/coherence.rs";

/// A body that is edited is another body.
pub(super) const EDITING: &[Row] = &[
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
        "measured: serde_json with raw_value",
        "a caller's {\"$serde_json::private::RawValue\": …} was parsed as what it quotes",
        &[Test(BODIES, "every_other_byte_is_kept")],
    ),
    (
        "tower: retry and hedge",
        "a layer that repeats requests repeats those that change something",
        &[
            Test(RESEND, "without_an_answer_nothing_is_sent_again"),
            Test(
                RESEND,
                "only_definite_rejections_are_answered_with_another_try",
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

/// Who may see what, and by which name.
pub(super) const TENANTS: &[Row] = &[
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
                "src/telemetry/tests.rs",
                "a_caller_cannot_write_lines_or_escapes_into_the_log",
            ),
        ],
    ),
];
