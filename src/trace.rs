//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>): who a request belongs to across everything
//! that it passes. Pure but for [`ids`], which draws.
//!
//! Level 1, with the one flag that level 2 adds kept where it comes. A trace that came goes on: the same trace
//! id, with a span of our own as the parent of what follows. One that is invalid is not repaired but left
//! behind, with its `tracestate`, and another begun: that is what the specification asks for, and what keeps
//! one caller from being taken for another.

pub mod ids;
pub mod journal;
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

use http::header::{HeaderMap, HeaderName, HeaderValue};

use self::ids::Draw;
use crate::hex;

/// Names the trace and the parent of a request.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What the systems that a trace has passed add to it.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Whoever sent this may have recorded the trace.
const SAMPLED: u8 = 0b01;
/// Level 2: the trace id is random in its last 56 bits.
const RANDOM: u8 = 0b10;
/// Of the trace id those bits are random, by level 2, and by level 1 the ones to sample by.
const DECIDING: u32 = 56;
/// Of version 00.
const LENGTH: usize = 55;

/// A place in a trace: which one, the span that is the parent of what follows, and the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    trace: NonZeroU128,
    span: NonZeroU64,
    flags: u8,
}

impl Context {
    /// A place in a trace that nobody has named yet.
    pub fn begun(drawn: Draw, share: Share) -> Self {
        let sampled = share.has(drawn.trace);
        Self {
            trace: drawn.trace,
            span: drawn.span,
            flags: if sampled { SAMPLED } else { 0 },
        }
    }

    /// What the header fields say, if they say it once and as they should.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(TRACEPARENT).iter();
        let only = lines.next()?;
        // Section 3.2.2: of several it is unknown which one counts.
        if lines.next().is_some() {
            return None;
        }
        Self::parse(only.as_bytes())
    }

    /// Reads a `traceparent`: version 00 as it is defined, and later ones as far as version 00 tells
    /// (section 3.2.4, "Versioning of traceparent").
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut fields = value.splitn(5, |byte| *byte == b'-');
        let version = hex(fields.next()?, 2)?;
        let (high, low) = fields.next()?.split_at_checked(16)?;
        let trace = u128::from(hex(high, 16)?) << 64 | u128::from(hex(low, 16)?);
        let trace = NonZeroU128::new(trace)?;
        let span = NonZeroU64::new(hex(fields.next()?, 16)?)?;
        let flags = u8::try_from(hex(fields.next()?, 2)?).ok()?;
        let rest = fields.next();
        let known = match version {
            0xff => return None,
            0 if rest.is_some() => return None,
            // Flags that are not known are to be zero in what is sent.
            0 => SAMPLED | RANDOM,
            _ => SAMPLED,
        };
        Some(Self {
            trace,
            span,
            flags: flags & known,
        })
    }

    /// The same trace with another span as the parent.
    #[must_use]
    pub fn with_span(self, span: NonZeroU64) -> Self {
        Self { span, ..self }
    }

    /// Whether the trace is recorded, or may be.
    pub fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace.
    pub fn trace_id(self) -> TraceId {
        TraceId(self.trace)
    }

    /// The parent of what follows.
    pub fn span_id(self) -> SpanId {
        SpanId(self.span)
    }

    /// The flags, as they are sent.
    pub fn flags(self) -> u8 {
        self.flags
    }

    /// As a `traceparent` of version 00.
    pub fn header(self) -> HeaderValue {
        let mut text = [b'-'; LENGTH];
        let (version, trace) = (*b"00", self.trace_id().digits());
        let (span, flags) = (self.span_id().digits(), hex::digits(self.flags.into()));
        let fields = [
            (0..2, version.as_slice()),
            (3..35, &trace),
            (36..52, &span),
            (53..55, flags.last_chunk::<2>().unwrap_or(&version)),
        ];
        for (place, digits) in fields {
            if let Some(room) = text.get_mut(place) {
                room.copy_from_slice(digits);
            }
        }
        // Hexadecimal digits and hyphens always make one.
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// Goes on with the trace that a request came with, or begins one, and has `headers` say so. The result is
/// our own place in it, and the span that came before it, where there was one.
pub fn enter(
    headers: &mut HeaderMap,
    share: Share,
    draw: impl FnOnce() -> Draw,
) -> (Context, Option<NonZeroU64>) {
    let Some(came) = Context::of(headers) else {
        // Section 3.3.1: without a valid traceparent it says nothing.
        headers.remove(TRACESTATE);
        return (begin(headers, share, draw), None);
    };
    let own = came.with_span(draw().span);
    headers.insert(TRACEPARENT, own.header());
    (own, Some(came.span))
}

/// As [`enter`], for a request that came with no trace, and no `tracestate`.
pub fn begin(headers: &mut HeaderMap, share: Share, draw: impl FnOnce() -> Draw) -> Context {
    let own = Context::begun(draw(), share);
    headers.insert(TRACEPARENT, own.header());
    own
}

/// A lower-case hexadecimal number of so many digits, 16 at most.
fn hex(text: &[u8], digits: usize) -> Option<u64> {
    if text.len() != digits {
        return None;
    }
    if let Ok(digits) = text.try_into() {
        return hex::number(digits);
    }
    text.iter().try_fold(0, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            // Section 3.2.2.3: upper case is invalid.
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(digit))
    })
}

/// Names a trace. Shown as 32 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(NonZeroU128);

impl TraceId {
    /// As messages carry it.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "each half of the trace in turn"
    )]
    fn digits(self) -> [u8; 32] {
        let trace = self.0.get();
        let mut digits = [0; 32];
        let (high, low) = digits.split_at_mut(16);
        high.copy_from_slice(&hex::digits((trace >> 64) as u64));
        low.copy_from_slice(&hex::digits(trace as u64));
        digits
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex::text(&self.digits()))
    }
}

/// Names a span within a trace. Shown as 16 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// As messages carry it.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }

    fn digits(self) -> [u8; 16] {
        hex::digits(self.0.get())
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex::text(&self.digits()))
    }
}

/// The share of traces begun here that are sampled.
///
/// The trace id decides, so that everyone who samples by it agrees on which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u64);

impl Share {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// From 0 to 1; what is beyond counts as the nearer of both.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "from 0 to 2^56, and a share is no exact thing"
    )]
    pub fn new(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * (1_u64 << DECIDING) as f64) as u64)
    }

    fn has(self, trace: NonZeroU128) -> bool {
        let deciding = trace.get() & ((1 << DECIDING) - 1);
        deciding < u128::from(self.0)
    }
}
