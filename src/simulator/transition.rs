//! Which `state` a PATCH may ask for.

/// From where to where. Anything else conflicts with the current state: nothing leads back, so that a
/// `state` that was read too early is noticed, and nothing leads out of `disconnected` or `terminated`.
const LEGAL: [(&str, &[&str]); 10] = [
    ("alerting", &["connected", "disconnected"]),
    ("connected", &["disconnected", "parked"]),
    ("contacting", &["connected", "disconnected"]),
    ("converting", &["disconnected"]),
    ("dialing", &["connected", "disconnected"]),
    ("offering", &["connected", "disconnected"]),
    ("parked", &["connected", "disconnected"]),
    ("scheduled", &["connected", "disconnected"]),
    ("transmitting", &["disconnected"]),
    ("uploading", &["disconnected"]),
];

/// Whether a participant may be sent from one state to another. Staying is no transition.
pub(super) fn is_legal(from: &str, to: &str) -> bool {
    LEGAL
        .iter()
        .any(|(state, next)| *state == from && next.contains(&to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_answered_and_ended() {
        for (from, to) in [
            ("alerting", "connected"),
            ("alerting", "disconnected"),
            ("dialing", "connected"),
            ("contacting", "disconnected"),
            ("offering", "connected"),
            ("connected", "disconnected"),
            ("connected", "parked"),
            ("parked", "connected"),
        ] {
            assert!(is_legal(from, to), "{from} to {to}");
        }
    }

    #[test]
    fn nothing_leads_back_out_of_the_end_or_to_terminated() {
        for (from, to) in [
            ("connected", "alerting"),
            ("connected", "dialing"),
            ("disconnected", "connected"),
            ("terminated", "connected"),
            ("connected", "terminated"),
            ("alerting", "terminated"),
            ("connected", "Disconnected"),
            ("none", "connected"),
        ] {
            assert!(!is_legal(from, to), "{from} to {to}");
        }
    }
}
