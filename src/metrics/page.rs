use std::fmt::{Display, Write as _};

/// Prometheus' text format, for what is not the recorder's.
#[derive(Debug, Default)]
pub(super) struct Page(String);

/// Types of metrics.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Page {
    /// Begins the metric `name`. `text` is one line.
    pub(super) fn family(&mut self, name: &str, kind: Kind, text: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string doesn't fail.
        let _ = write!(self.0, "# HELP {name} {text}\n# TYPE {name} {kind}\n");
    }

    /// One line of it.
    pub(super) fn sample<'l>(
        &mut self,
        name: &str,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
        value: impl Display,
    ) {
        self.0.push_str(name);
        let mut before = '{';
        for (label, text) in labels {
            self.0.push(before);
            before = ',';
            let _ = write!(self.0, "{label}=\"");
            for char in text.chars() {
                match char {
                    '\n' => self.0.push_str("\\n"),
                    '"' | '\\' => self.0.extend(['\\', char]),
                    _ => self.0.push(char),
                }
            }
            self.0.push('"');
        }
        if before == ',' {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// A metric without labels.
    pub(super) fn single(&mut self, name: &str, kind: Kind, text: &str, value: impl Display) {
        self.family(name, kind, text);
        self.sample(name, [], value);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stays_on_its_line_and_in_its_quotes() {
        let mut page = Page::default();
        page.sample("m", [("a", "x\n\"y\"\\"), ("b", "")], 1.5);
        page.single("n", Kind::Gauge, "Text.", 2);
        let expected =
            "m{a=\"x\\n\\\"y\\\"\\\\\",b=\"\"} 1.5\n# HELP n Text.\n# TYPE n gauge\nn 2\n";
        assert_eq!(page.finish(), expected);
    }
}
