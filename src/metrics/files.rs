use std::time::SystemTime;

use metrics::Label;

use super::Metrics;
use super::names::{CERTIFICATE_EXPIRY, CONFIG_SUCCESSFUL, CONFIG_TIME, RELOADS};

impl Metrics {
    /// Counts a change of files that `name` is made of; `used` says whether they could be used.
    pub fn reloaded(&self, name: &str, used: bool) {
        let result = if used { "ok" } else { "failed" };
        let labels = vec![
            Label::new("name", name.to_owned()),
            Label::new("result", result),
        ];
        self.counter(RELOADS, labels).increment(1);
    }

    /// Notes until when the certificate that `name` uses is valid.
    pub fn certificate_expires(&self, name: &str, end: SystemTime) {
        let labels = vec![Label::new("name", name.to_owned())];
        let since = end.duration_since(SystemTime::UNIX_EPOCH);
        // Before 1970 is as expired as 1970.
        let seconds = since.unwrap_or_default().as_secs_f64();
        self.gauge(CERTIFICATE_EXPIRY, labels).set(seconds);
    }

    /// Notes that what `name` stood for is not in use any more.
    pub fn certificate_gone(&self, name: &str) {
        let labels = vec![Label::new("name", name.to_owned())];
        // A series can't be taken back, and whatever is compared with this is not so.
        self.gauge(CERTIFICATE_EXPIRY, labels).set(f64::NAN);
    }

    /// Notes that the configuration was read just now, at the start or again, and whether it is in force.
    pub fn config_read(&self, used: bool) {
        let set = |name, value| self.gauge(name, Vec::new()).set(value);
        set(CONFIG_SUCCESSFUL, f64::from(u8::from(used)));
        if used {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            set(CONFIG_TIME, now.unwrap_or_default().as_secs_f64());
        }
    }
}
