//! Cost against one thing, and the shape that it must have.

use std::fmt;

/// What a cost must be like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Nowhere more than so many times what it is where it is least.
    Flat(f64),
    /// From the size `from` on no more for each unit than so many times as much as the baseline at its best.
    Linear { from: f64, most: f64 },
    /// What must not be more than linear, with this much to spare.
    AtMostLinear(f64),
}

#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) title: &'static str,
    /// What grows.
    pub(crate) what: &'static str,
    /// Of a cost.
    pub(crate) unit: &'static str,
    pub(crate) shape: Shape,
    /// Sizes and costs.
    pub(crate) points: Vec<(f64, f64)>,
    /// What the same sizes cost at least, for a linear shape.
    pub(crate) baseline: Vec<(f64, f64)>,
}

impl Series {
    /// What is wrong with it.
    pub(crate) fn fault(&self) -> Option<String> {
        match self.shape {
            Shape::Flat(most) => self.flat(most),
            Shape::Linear { from, most } => self.linear(from, most),
            Shape::AtMostLinear(spare) => self.at_most_linear(spare),
        }
    }

    fn flat(&self, most: f64) -> Option<String> {
        let costs = self.points.iter().map(|&(_, cost)| cost);
        let least = costs.clone().fold(f64::INFINITY, f64::min);
        let factor = costs.fold(0.0, f64::max) / least;
        (factor > most).then(|| format!("{}: grows {factor:.1}-fold, at most {most}", self.title))
    }

    fn linear(&self, from: f64, most: f64) -> Option<String> {
        let rates = |points: &[(f64, f64)]| -> Vec<f64> {
            let large = points.iter().filter(|(size, _)| *size >= from);
            large.map(|(size, cost)| cost / size).collect()
        };
        let least = rates(&self.baseline)
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        let mut costs = rates(&self.points);
        costs.sort_by(f64::total_cmp);
        // Whatever else the machine did can only have slowed it down.
        let factor = costs.get(costs.len() / 2)? / least;
        (factor > most).then(|| {
            format!(
                "{}: {factor:.1} times the baseline, at most {most}",
                self.title
            )
        })
    }

    fn at_most_linear(&self, spare: f64) -> Option<String> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        let (grown, costs) = (last.0 / first.0, last.1 / first.1);
        (costs > grown * spare)
            .then(|| format!("{}: {grown:.0}-fold costs {costs:.0}-fold", self.title))
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({} by {})", self.title, self.unit, self.what)?;
        for (index, (size, cost)) in self.points.iter().enumerate() {
            write!(f, "  {size:>9} {cost:>12.1}")?;
            if let Some((_, least)) = self.baseline.get(index) {
                // Bytes for each nanosecond are gigabytes for each second.
                write!(
                    f,
                    "   {:.2} GB/s, baseline {:.2} GB/s",
                    size / cost,
                    size / least
                )?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(shape: Shape, points: &[(f64, f64)], baseline: &[(f64, f64)]) -> Series {
        Series {
            title: "t",
            what: "w",
            unit: "ns",
            shape,
            points: points.to_vec(),
            baseline: baseline.to_vec(),
        }
    }

    #[test]
    fn what_is_flat_may_vary_by_its_factor() {
        let points = [(1.0, 10.0), (10.0, 12.0), (100.0, 19.0)];
        assert_eq!(series(Shape::Flat(2.0), &points, &[]).fault(), None);
        assert!(series(Shape::Flat(1.5), &points, &[]).fault().is_some());
    }

    #[test]
    fn what_is_linear_is_compared_with_its_baseline_from_a_size_on() {
        let points = [
            (10.0, 500.0),
            (1000.0, 900.0),
            (2000.0, 1900.0),
            (4000.0, 9000.0),
        ];
        let baseline = [
            (10.0, 0.1),
            (1000.0, 100.0),
            (2000.0, 200.0),
            (4000.0, 900.0),
        ];
        let shape = |most| Shape::Linear { from: 100.0, most };
        assert_eq!(series(shape(9.6), &points, &baseline).fault(), None);
        assert!(series(shape(9.4), &points, &baseline).fault().is_some());
    }

    #[test]
    fn what_is_at_most_linear_may_grow_as_its_size_does() {
        let points = [(1.0, 10.0), (100.0, 1200.0)];
        assert_eq!(series(Shape::AtMostLinear(1.5), &points, &[]).fault(), None);
        assert!(
            series(Shape::AtMostLinear(1.0), &points, &[])
                .fault()
                .is_some()
        );
    }
}
