//! What the metrics are called, and what each of them says.

use metrics::{Recorder as _, Unit};
use metrics_exporter_prometheus::PrometheusRecorder;

pub(super) const REQUESTS: &str = "patchwright_requests_total";
pub(super) const REPAIRS: &str = "patchwright_repairs_total";
pub(super) const FILLED_MEMBERS: &str = "patchwright_filled_members_total";
pub(super) const OBSERVED: &str = "patchwright_observed_total";
pub(super) const SNAPSHOTS: &str = "patchwright_snapshots_total";
pub(super) const IN_FLIGHT: &str = "patchwright_in_flight";
pub(super) const BUFFERED: &str = "patchwright_buffered_bytes";
pub(super) const UPSTREAM_ANSWERS: &str = "patchwright_upstream_answers_total";
pub(super) const OWN_ANSWERS: &str = "patchwright_own_answers_total";
pub(super) const HANDSHAKES: &str = "patchwright_tls_handshakes_total";
pub(super) const RELOADS: &str = "patchwright_reloads_total";
pub(super) const CERTIFICATE_EXPIRY: &str = "patchwright_certificate_expiry_timestamp_seconds";
pub(super) const CONFIG_SUCCESSFUL: &str = "patchwright_config_last_reload_successful";
pub(super) const CONFIG_TIME: &str = "patchwright_config_last_reload_success_timestamp_seconds";
pub(super) const BREAKER_STATE: &str = "patchwright_lookup_breaker_state";
pub(super) const BREAKER_OPENINGS: &str = "patchwright_lookup_breaker_openings_total";
pub(super) const BREAKER_REFUSALS: &str = "patchwright_lookup_breaker_refusals_total";
pub(super) const RATE_REFUSALS: &str = "patchwright_rate_lookups_refused_total";
pub(super) const RATE_SHAPED: &str = "patchwright_rate_shaped_total";
pub(super) const RATE_SHAPED_TIME: &str = "patchwright_rate_shaped_seconds";
pub(super) const CLIENT_REQUESTS: &str = "patchwright_client_requests_total";
pub(super) const CREDENTIAL_FETCHES: &str = "patchwright_credential_fetches_total";
pub(super) const CREDENTIAL_EXPIRY: &str = "patchwright_credential_expiry_timestamp_seconds";
pub(super) const SPANS: &str = "patchwright_trace_spans_total";
pub(super) const SNAPSHOT_AGE: &str = "patchwright_snapshot_age_seconds";
pub(super) const CACHE_ENTRIES: &str = "patchwright_cache_entries";
pub(super) const CACHE_BYTES: &str = "patchwright_cache_bytes";
pub(super) const LOOKUP_TIME: &str = "patchwright_lookup_duration_seconds";
pub(super) const UPSTREAM_TIME: &str = "patchwright_upstream_duration_seconds";
pub(super) const RATE_LEFT: &str = "patchwright_rate_left";
pub(super) const RATE_ALLOWED: &str = "patchwright_rate_allowed";
pub(super) const REDIS_UP: &str = "patchwright_redis_up";
pub(super) const REDIS_OPERATIONS: &str = "patchwright_redis_operations_total";
pub(super) const REDIS_TIME: &str = "patchwright_redis_seconds";
pub(super) const REDIS_SNAPSHOTS: &str = "patchwright_redis_snapshots_total";
pub(super) const REDIS_PUSHES: &str = "patchwright_redis_pushes_total";
pub(super) const PROCESS_START: &str = "process_start_time_seconds";
pub(super) const PROCESS_CPU: &str = "process_cpu_seconds_total";
pub(super) const PROCESS_MEMORY: &str = "process_resident_memory_bytes";
pub(super) const PROCESS_FDS: &str = "process_open_fds";
pub(super) const PROCESS_MAX_FDS: &str = "process_max_fds";
pub(super) const BUILD_INFO: &str = "patchwright_build_info";

pub(super) fn describe(recorder: &PrometheusRecorder) {
    for (name, text) in [
        (
            REQUESTS,
            "Requests that a rule matched, by what became of them.",
        ),
        (REPAIRS, "Edits that were made, by kind."),
        (
            FILLED_MEMBERS,
            "Members that were filled, by the JSON pointer of the rule.",
        ),
        (
            OBSERVED,
            "Requests that mode observe would have repaired, by what the upstream said to the original.",
        ),
        (
            UPSTREAM_ANSWERS,
            "Answers of an upstream; status \"none\" where it gave none.",
        ),
        (OWN_ANSWERS, "Answers that patchwright made itself."),
        (
            HANDSHAKES,
            "TLS handshakes with callers, by how they ended.",
        ),
        (
            RELOADS,
            "Changes of the configuration and of certificate files; result \"failed\" where the new ones cannot be used.",
        ),
        (
            BREAKER_OPENINGS,
            "How often lookups were suspended because too many failed.",
        ),
        (BREAKER_REFUSALS, "Lookups that were suspended."),
        (
            RATE_REFUSALS,
            "Lookups that were not sent, as budget.lookup_share of their credential's rate was used.",
        ),
        (
            RATE_SHAPED,
            "Requests that were held back until their credential's rate allowed them.",
        ),
        (
            CLIENT_REQUESTS,
            "Requests by client; result \"unknown\" where it is none.",
        ),
        (
            CREDENTIAL_FETCHES,
            "Tries to get a token from a login host, by how they ended.",
        ),
        (
            SPANS,
            "Spans of sampled traces; result \"dropped\" where too many wait for the collector.",
        ),
        (
            REDIS_OPERATIONS,
            "What Redis was asked to do; result \"alone\" where it was not, since it cannot be used.",
        ),
        (
            REDIS_SNAPSHOTS,
            "Snapshots that were looked for in Redis before a lookup.",
        ),
        (
            REDIS_PUSHES,
            "Changes by other replicas that Redis has told of.",
        ),
    ] {
        recorder.describe_counter(name.into(), None, text.into());
    }
    recorder.describe_gauge(BUILD_INFO.into(), None, "The version that runs.".into());
    let text = "Until when the certificate in use is valid, in seconds since 1970.";
    recorder.describe_gauge(CERTIFICATE_EXPIRY.into(), Some(Unit::Seconds), text.into());
    let text = "Whether the configuration that was read last is in force.";
    recorder.describe_gauge(CONFIG_SUCCESSFUL.into(), None, text.into());
    let text = "When the configuration was last read and found right, in seconds since 1970.";
    recorder.describe_gauge(CONFIG_TIME.into(), Some(Unit::Seconds), text.into());
    let text = "Until when the token in use is valid, in seconds since 1970; 0 without one.";
    recorder.describe_gauge(CREDENTIAL_EXPIRY.into(), Some(Unit::Seconds), text.into());
    let text = "Lookups of an upstream: 0 all go, 1 one goes as a probe, 2 suspended.";
    recorder.describe_gauge(BREAKER_STATE.into(), None, text.into());
    let text = "Whether snapshots are shared through Redis: 1, or 0 while the replica is alone.";
    recorder.describe_gauge(REDIS_UP.into(), None, text.into());
}
