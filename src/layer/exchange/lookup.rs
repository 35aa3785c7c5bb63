use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::Case;
use super::draft::Draft;
use super::refusal::overloaded;
use crate::answer::Answer;
use crate::directory::{Address, Ask, Directory, LookupError, Reading, Tick};
use crate::layer::demand::Demand;
use crate::layer::record::{Origin, Reason};
use crate::layer::service::credential;
use crate::repair::reshape::Current;
use crate::rule::{Meant, Place};

/// Wait that a caller is told where the upstream told none: transient faults are over in seconds.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What was read about the participant that the request names.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) reading: Reading,
    place: Place<'a>,
    /// Where the participant is in it.
    position: Option<usize>,
}

impl Known<'_> {
    /// The first member that was taken for current and is not.
    pub(super) fn contradicted<'m>(&self, meant: &'m Meant<'_, '_>) -> Option<&'m Current> {
        let targets = meant.rule.targets().len();
        let is_so = |current: &&Current| {
            self.value(targets + current.index).as_deref() == Some(current.value.as_str())
        };
        meant.current.iter().find(|current| !is_so(current))
    }

    /// What fills a target.
    pub(super) fn value(&self, target: usize) -> Option<Cow<'_, str>> {
        let conversation = &self.reading.snapshot.conversation;
        let participant = conversation.at(self.position?)?;
        self.place.value(&participant, target)
    }
}

/// Why there is nothing to fill with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    NoCredential,
    /// No such conversation or participant, or none of the values.
    Unknown,
    Lookup(LookupError),
}

impl<D: Directory> Case<'_, D> {
    /// What fills the gaps among `demand`, or shows what is current; `None` if neither is needed.
    pub(super) async fn know<'d>(
        &self,
        draft: &Draft<'d>,
        demand: Demand,
        newer_than: Option<Tick>,
    ) -> Result<Option<Known<'d>>, Miss> {
        if !draft.has_gap(demand) && draft.meant.current.is_empty() {
            return Ok(None);
        }
        // In a box, as most requests lack nothing.
        let known = Box::pin(self.look_up(draft, demand, newer_than)).await;
        known.map(Some)
    }

    /// Reads the participant from the first source that knows the conversation.
    async fn look_up<'d>(
        &self,
        draft: &Draft<'d>,
        demand: Demand,
        newer_than: Option<Tick>,
    ) -> Result<Known<'d>, Miss> {
        let credential = credential(&self.head.headers).ok_or(Miss::NoCredential)?;
        let newer_than = newer_than
            .or_else(|| asks_for_fresh(&self.head.headers).then(|| self.shared.directory.now()));
        let participant = draft.found.participant();
        for mut place in draft.found.places() {
            let mut ask = Ask {
                source: Arc::clone(place.source),
                address: Address::beside(self.head.uri.clone(), mem::take(&mut place.path)),
                conversation: place.conversation,
                credential: credential.clone(),
                newer_than,
            };
            match self.read_participant(participant, &mut ask).await {
                Err(LookupError::Unknown) => {}
                Err(error) => return Err(Miss::Lookup(error)),
                Ok((reading, position)) => {
                    let known = Known {
                        reading,
                        place,
                        position,
                    };
                    let fills = draft
                        .gaps()
                        .any(|target| demand.wants(target) && known.value(target).is_some());
                    let shows = !draft.meant.current.is_empty();
                    return if fills || shows {
                        Ok(known)
                    } else {
                        Err(Miss::Unknown)
                    };
                }
            }
        }
        Err(Miss::Unknown)
    }

    /// What is read, and where in it the participant is. One that a remembered conversation doesn't have may have
    /// joined since: one look.
    async fn read_participant(
        &self,
        participant: &str,
        ask: &mut Ask,
    ) -> Result<(Reading, Option<usize>), LookupError> {
        let reading = self.read(ask).await?;
        let position = reading.snapshot.conversation.position(participant);
        if position.is_some() || reading.origin != Origin::Hit {
            return Ok((reading, position));
        }
        ask.newer_than = Some(reading.snapshot.tick);
        let reading = self.read(ask).await?;
        let position = reading.snapshot.conversation.position(participant);
        Ok((reading, position))
    }

    async fn read(&self, ask: &Ask) -> Result<Reading, LookupError> {
        let part = self.journal().map(|journal| journal.wait("lookup"));
        let reading = self.shared.directory.read(ask).await;
        if let Some(mut part) = part {
            match &reading {
                Ok(reading) => {
                    part.say("patchwright.snapshot", reading.origin.as_str());
                    part.done();
                }
                Err(error) => part.fail(Miss::Lookup(*error).reason().as_str()),
            }
        }
        reading
    }
}

impl Miss {
    /// Whether a later lookup may succeed. `false` where the upstream speaks for itself.
    pub(super) fn may_pass(self) -> bool {
        !matches!(
            self,
            Self::NoCredential
                | Self::Unknown
                | Self::Lookup(LookupError::Unknown | LookupError::Denied)
        )
    }

    pub(super) fn reason(self) -> Reason {
        match self {
            Self::NoCredential => Reason::NoCredential,
            Self::Unknown | Self::Lookup(LookupError::Unknown) => Reason::ParticipantUnknown,
            Self::Lookup(LookupError::Denied) => Reason::LookupDenied,
            Self::Lookup(LookupError::Throttled(_)) => Reason::LookupThrottled,
            Self::Lookup(LookupError::Timeout) => Reason::LookupTimeout,
            Self::Lookup(LookupError::Overloaded) => Reason::Overloaded,
            Self::Lookup(_) => Reason::LookupFailed,
        }
    }

    /// The retryable answer for a passing failure. `None` where the upstream can speak for itself.
    pub(super) fn answer(self) -> Option<Answer> {
        let Self::Lookup(error) = self else {
            return None;
        };
        let unavailable = |wait: Option<Duration>| {
            let message = format!(
                "The participant's current state could not be read, and nothing was sent: {error}."
            );
            Answer::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "patchwright.lookup.unavailable",
                message,
            )
            .retry_after(wait.unwrap_or(RETRY_AFTER))
        };
        match error {
            LookupError::Unknown | LookupError::Denied => None,
            LookupError::Throttled(wait) => {
                let message = "The upstream's rate limit leaves this credential no lookup now, and nothing was sent.";
                let answer = Answer::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "patchwright.lookup.throttled",
                    message,
                );
                Some(answer.retry_after(wait))
            }
            LookupError::Overloaded => Some(overloaded()),
            LookupError::Timeout => {
                let message = "The participant's current state could not be read in time, and nothing was sent.";
                let answer = Answer::new(
                    StatusCode::GATEWAY_TIMEOUT,
                    "patchwright.lookup.timeout",
                    message,
                );
                Some(answer.retry_after(RETRY_AFTER))
            }
            LookupError::Status(_, wait) => Some(unavailable(wait)),
            LookupError::Suspended(wait) => Some(unavailable(Some(wait))),
            LookupError::Unreachable | LookupError::NoConversation => Some(unavailable(None)),
        }
    }
}

/// `Cache-Control: no-cache` (RFC 9111 section 5.2.1.4) on the caller's request.
fn asks_for_fresh(headers: &HeaderMap) -> bool {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value: &HeaderValue| value.to_str().ok());
    directives
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"))
}
