//! Where sampled traces go.

use std::pin::Pin;
use std::sync::Arc;

use super::Handover;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::trace::journal::Sink;
use crate::upstream::BuildError;
use crate::watch::Reload;

/// A sink that sends what it takes somewhere.
pub trait Exports: Sink {
    /// Sends what waits, within the bound that is configured for it.
    fn flush(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// What of it is read again when its files change.
    fn reload(&self) -> Option<Arc<dyn Reload>>;
}

/// What the configuration asks for, or what the proxy before had of the same.
#[cfg(feature = "otel")]
pub(super) fn exports(
    config: &Config,
    (before, after): (&Handover, &mut Handover),
    metrics: &Metrics,
) -> Result<Option<Arc<dyn Exports>>, BuildError> {
    let exports = config.trace.otlp.clone().map(|otlp| {
        after.exports.take_over(&before.exports, otlp, |otlp| {
            let exporter = crate::otlp::Exporter::new(otlp, metrics)?;
            Ok(Arc::new(exporter) as Arc<dyn Exports>)
        })
    });
    exports.transpose()
}

/// Nowhere: a configuration that asks for it is refused.
#[cfg(not(feature = "otel"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "what there is with the feature can fail"
)]
pub(super) fn exports(
    _: &Config,
    _: (&Handover, &mut Handover),
    _: &Metrics,
) -> Result<Option<Arc<dyn Exports>>, BuildError> {
    Ok(None)
}
