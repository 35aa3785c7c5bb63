//! What an explanation comes to, for scripts.

use std::process::ExitCode;

use crate::layer::record::{Outcome, Reason};

/// Whether a request would be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Something else would be sent, now or after the rejection that asks for it.
    Repaired,
    /// It would pass as it came, and nothing in it is known to be wrong.
    Unchanged,
    /// It is wrong, or can't be read, and what would be sent is so still.
    Unrepairable,
    /// It hangs on the answer to a lookup, which was not given.
    Unknown,
}

impl Ending {
    /// By what was `told`, by whether anything is diagnosed, and by whether a repair waits for a rejection.
    pub(super) fn of(
        told: Option<(Outcome, Option<Reason>)>,
        is_diagnosed: bool,
        waits: bool,
    ) -> Self {
        match told {
            Some((Outcome::Repaired, None)) => Self::Repaired,
            // Nobody asked for more.
            Some((Outcome::Observed, _) | (_, Some(Reason::ModeOff))) | None => Self::Unchanged,
            _ if waits => Self::Repaired,
            Some((_, Some(_)) | (Outcome::Rejected, _)) => Self::Unrepairable,
            _ if is_diagnosed => Self::Unrepairable,
            _ => Self::Unchanged,
        }
    }

    /// The word for people and for programs.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Unchanged => "unchanged",
            Self::Unrepairable => "unrepairable",
            Self::Unknown => "unknown",
        }
    }

    /// 1 and 2 are those of every subcommand.
    pub(super) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Repaired => 0,
            Self::Unchanged => 3,
            Self::Unrepairable => 4,
            Self::Unknown => 5,
        })
    }

    /// Of many requests: what somebody has to look at first.
    pub(super) fn of_all(endings: impl Iterator<Item = Self>) -> Self {
        let urgency = |ending: &Self| match ending {
            Self::Unchanged => 0,
            Self::Repaired => 1,
            Self::Unknown => 2,
            Self::Unrepairable => 3,
        };
        endings.max_by_key(urgency).unwrap_or(Self::Unchanged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_follows_from_what_was_told() {
        use Ending::{Repaired, Unchanged, Unrepairable};
        let complete = Some((Outcome::Complete, None));
        for (told, is_diagnosed, waits, expected) in [
            (None, false, false, Unchanged),
            (complete, false, false, Unchanged),
            (complete, false, true, Repaired),
            (complete, true, false, Unrepairable),
            (Some((Outcome::Repaired, None)), true, false, Repaired),
            // Something was mended, and what is sent is still wrong.
            (
                Some((Outcome::Repaired, Some(Reason::NestedValue))),
                true,
                false,
                Unrepairable,
            ),
            (Some((Outcome::Observed, None)), false, false, Unchanged),
            (
                Some((Outcome::Forwarded, Some(Reason::ModeOff))),
                true,
                true,
                Unchanged,
            ),
            (
                Some((Outcome::Forwarded, Some(Reason::NotJson))),
                false,
                false,
                Unrepairable,
            ),
            (Some((Outcome::Rejected, None)), false, false, Unrepairable),
        ] {
            let ending = Ending::of(told, is_diagnosed, waits);
            assert_eq!(ending, expected, "{told:?} {is_diagnosed} {waits}");
        }
    }

    #[test]
    fn of_many_the_one_that_needs_a_person_counts() {
        use Ending::{Repaired, Unchanged, Unknown, Unrepairable};
        let all = |endings: &[Ending]| Ending::of_all(endings.iter().copied());
        assert_eq!(all(&[]), Unchanged);
        assert_eq!(all(&[Unchanged, Repaired]), Repaired);
        assert_eq!(all(&[Repaired, Unknown, Unchanged]), Unknown);
        assert_eq!(all(&[Unrepairable, Unknown]), Unrepairable);
    }
}
