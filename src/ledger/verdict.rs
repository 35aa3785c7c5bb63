use super::Verdicts;
use crate::layer::options::{EnforceShare, Mode};
use crate::words::words;

words! {
    /// What observing a rule has shown.
    RuleVerdict {
        /// The upstream refuses what the rule would put right, and accepted none of it.
        SafeToEnforce = "safe_to_enforce",
        /// The upstream accepts what the rule would change.
        NotNeeded = "not_needed",
        /// It refuses some and accepts some.
        Mixed = "mixed",
        /// No answer says either.
        Unclear = "unclear",
    }
}

impl RuleVerdict {
    /// The verdict in words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::SafeToEnforce => "safe to enforce",
            Self::NotNeeded => "not needed",
            Self::Mixed => "mixed",
            Self::Unclear => "unclear",
        }
    }

    /// `None` where nothing was judged.
    pub(super) fn of(verdicts: Verdicts) -> Option<Self> {
        match verdicts {
            Verdicts {
                would_have_helped: 0,
                not_needed: 0,
                unclear: 0,
            } => None,
            Verdicts {
                would_have_helped: 0,
                not_needed: 0,
                ..
            } => Some(Self::Unclear),
            Verdicts { not_needed: 0, .. } => Some(Self::SafeToEnforce),
            Verdicts {
                would_have_helped: 0,
                ..
            } => Some(Self::NotNeeded),
            _ => Some(Self::Mixed),
        }
    }
}

/// What to do about a rule that observes in full or in part.
pub(super) fn advice(
    verdict: RuleVerdict,
    verdicts: Verdicts,
    mode: Mode,
    share: EnforceShare,
) -> String {
    let Verdicts {
        would_have_helped,
        not_needed,
        unclear,
    } = verdicts;
    match verdict {
        RuleVerdict::SafeToEnforce => {
            let next = match mode {
                Mode::Enforce => format!("raise enforce_share (now {})", share.get()),
                _ => "set mode = \"enforce\", in steps with enforce_share".to_owned(),
            };
            format!(
                "The upstream refused {would_have_helped} that would have been put right and accepted none of \
                 them as it came: {next}."
            )
        }
        RuleVerdict::NotNeeded => format!(
            "The upstream accepted all {not_needed} as they came: leave this rule at \"observe\" or \"off\", or \
             see whether the other rule pack is the one for this upstream."
        ),
        RuleVerdict::Mixed => format!(
            "The upstream refused {would_have_helped} that would have been put right and accepted {not_needed} \
             as they came: with timing = \"on-reject\" only what it refuses is repaired."
        ),
        RuleVerdict::Unclear => format!(
            "None of {unclear} answers tells whether it would have helped: look at what the upstream says to \
             such a call."
        ),
    }
}
