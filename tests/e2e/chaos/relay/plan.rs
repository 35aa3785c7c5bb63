//! What happens to a connection, and when.

use crate::rng::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing, for its whole life.
    None,
    /// Accepted, then reset.
    ResetAtAccept,
    /// Reset after some bytes of a request.
    ResetInRequest,
    /// Closed in both directions after some bytes of a request.
    CloseInRequest,
    /// The request passes and the connection is reset before its answer.
    ResetBeforeAnswer,
    /// Reset after some bytes of an answer.
    ResetInAnswer,
    /// Closed within the head of an answer.
    CutHead,
    /// Closed within the body of an answer, or within its head if it has no body.
    CutBody,
    /// Something else in the place of an answer.
    Garbage,
    /// A second answer behind the first.
    Surplus,
    /// Every piece comes later.
    Delay,
    /// Bytes come one by one.
    Dribble,
    /// A request is held until the proxy has given up, and then delivered.
    StallRequest,
    /// An answer is held until the proxy has given up.
    StallAnswer,
    /// Closed once it is idle.
    CloseIdle,
    /// Reset once it is idle.
    ResetIdle,
}

const KINDS: [(usize, Kind); 16] = [
    (14, Kind::None),
    (8, Kind::ResetAtAccept),
    (6, Kind::ResetInRequest),
    (6, Kind::CloseInRequest),
    (6, Kind::ResetBeforeAnswer),
    (6, Kind::ResetInAnswer),
    (6, Kind::CutHead),
    (6, Kind::CutBody),
    (6, Kind::Garbage),
    (6, Kind::Surplus),
    (8, Kind::Delay),
    (8, Kind::Dribble),
    (5, Kind::StallRequest),
    (5, Kind::StallAnswer),
    (8, Kind::CloseIdle),
    (8, Kind::ResetIdle),
];

/// All kinds as they are counted.
pub(crate) const NAMES: [&str; 15] = [
    "reset at accept",
    "reset in a request",
    "closed in a request",
    "reset before an answer",
    "reset in an answer",
    "closed in a head",
    "closed in a body",
    "garbage for an answer",
    "a second answer",
    "delayed",
    "dribbled",
    "request stalled",
    "answer stalled",
    "closed when idle",
    "reset when idle",
];

pub(super) fn draw(rng: &mut Rng) -> Kind {
    rng.weighted(&KINDS)
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "nothing",
            other => NAMES[other as usize - 1],
        }
    }

    /// Whether it strikes while a request is on its way.
    pub(super) fn is_of_requests(self) -> bool {
        matches!(
            self,
            Self::ResetInRequest
                | Self::CloseInRequest
                | Self::ResetBeforeAnswer
                | Self::StallRequest
        )
    }

    /// Whether the connection goes on afterwards.
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::Delay | Self::Dribble)
    }
}
