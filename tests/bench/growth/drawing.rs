//! All series as small charts in one picture, on logarithmic scales: what is flat is a flat line there, and what
//! is linear one of the same slope everywhere.

use std::error::Error;

use plotters::prelude::*;

use crate::series::Series;

const COLUMNS: usize = 3;
const WIDTH: u32 = 330;
const HEIGHT: u32 = 230;
const INK: RGBColor = RGBColor(36, 41, 47);
const LINE: RGBColor = RGBColor(9, 105, 218);
const BASELINE: RGBColor = RGBColor(140, 149, 159);

pub(crate) fn draw(file: &str, all: &[Series]) -> Result<(), Box<dyn Error>> {
    let rows = all.len().div_ceil(COLUMNS);
    let size = (
        WIDTH * u32::try_from(COLUMNS)?,
        HEIGHT * u32::try_from(rows)?,
    );
    let picture = SVGBackend::new(file, size).into_drawing_area();
    // Its own ground, so that it can be read on a dark page.
    picture.fill(&WHITE)?;
    for (area, series) in picture.split_evenly((rows, COLUMNS)).iter().zip(all) {
        chart(area, series)?;
    }
    picture.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn chart(area: &Area<'_>, series: &Series) -> Result<(), Box<dyn Error>> {
    let sizes = series.points.iter().map(|&(size, _)| size);
    let (least, most) = (
        sizes.clone().fold(f64::INFINITY, f64::min),
        sizes.fold(0.0, f64::max),
    );
    let costs = series
        .points
        .iter()
        .chain(&series.baseline)
        .map(|&(_, cost)| cost);
    let (cheapest, dearest) = (
        costs.clone().fold(f64::INFINITY, f64::min),
        costs.fold(0.0, f64::max),
    );
    // Whole decades, so that a little noise does not look like growth.
    let floor = 10_f64.powf(cheapest.log10().floor());
    let ceiling = 10_f64.powf(dearest.log10().ceil());
    let title = format!("{}, {}", series.title, series.unit);
    let text = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let mut chart = ChartBuilder::on(area)
        .caption(title, text(18))
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(52)
        .build_cartesian_2d((least..most).log_scale(), (floor..ceiling).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(series.what)
        .axis_desc_style(text(14))
        .label_style(text(13))
        .x_labels(4)
        .y_labels(4)
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    if !series.baseline.is_empty() {
        let line = LineSeries::new(series.baseline.iter().copied(), BASELINE.stroke_width(2));
        chart.draw_series(line)?;
    }
    let line = LineSeries::new(series.points.iter().copied(), LINE.stroke_width(2));
    chart.draw_series(line.point_size(3))?;
    Ok(())
}

fn short(value: f64) -> String {
    if value >= 1e6 {
        format!("{}M", value / 1e6)
    } else if value >= 1e3 {
        format!("{}k", value / 1e3)
    } else {
        format!("{value}")
    }
}
