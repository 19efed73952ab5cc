//! Candles and volumes as a drawing of lines and letters (SVG).

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Candles;
use super::axis::{marks, short};
use crate::export::{ExportError, Times};
use crate::model::time;

/// What rose is drawn hollow, what fell filled, so that both can be told apart on paper.
const ROSE: RGBColor = RGBColor(26, 127, 55);
const FELL: RGBColor = RGBColor(207, 34, 46);
const GRID: RGBColor = RGBColor(225, 228, 232);
const INK: RGBColor = RGBColor(36, 41, 47);
const FONT: &str = "sans-serif";
/// Room for the labels of prices.
const MARGIN: u32 = 64;

type Area<'s> = DrawingArea<SVGBackend<'s>, Shift>;

/// Returns a drawing of so many pixels.
///
/// # Errors
/// When no bar has prices, or the drawing cannot be made.
pub fn svg(
    candles: &Candles,
    title: &str,
    times: Times,
    (width, height): (u32, u32),
) -> Result<String, ExportError> {
    let Some(range) = candles.range() else {
        return Err(ExportError::refused("no bar has prices"));
    };
    let mut drawing = String::new();
    {
        let root = SVGBackend::with_string(&mut drawing, (width, height)).into_drawing_area();
        root.fill(&WHITE).map_err(ExportError::refused)?;
        let root = root
            .titled(title, (FONT, 18).into_font().color(&INK))
            .map_err(ExportError::refused)?;
        let (above, below) = root.split_vertically((height - 40) * 3 / 4);
        prices(&above, candles, range)?;
        volumes(&below, candles, times)?;
        root.present().map_err(ExportError::refused)?;
    }
    Ok(drawing)
}

fn place(at: usize) -> f64 {
    f64::from(u32::try_from(at).unwrap_or(u32::MAX))
}

fn prices(area: &Area<'_>, candles: &Candles, (low, high): (f64, f64)) -> Result<(), ExportError> {
    let room = (high - low) * 0.04;
    let end = place(candles.all.len()) - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .y_label_area_size(MARGIN)
        .build_cartesian_2d(-0.5..end, (low - room)..(high + room))
        .map_err(ExportError::refused)?;
    let decimals = marks(low, high, 6).1;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_labels(6)
        .y_label_formatter(&|price| format!("{price:.decimals$}"))
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style((FONT, 12).into_font().color(&INK))
        .draw()
        .map_err(ExportError::refused)?;
    let drawn = candles.all.iter().enumerate();
    let drawn = drawn.filter_map(|(at, candle)| Some((place(at), candle.prices?)));
    for (at, prices) in drawn {
        let colour = if prices.rose() { ROSE } else { FELL };
        let (top, bottom) = (prices.open.max(prices.close), prices.open.min(prices.close));
        let wicks = [(prices.high, top), (bottom, prices.low)].map(|(from, to)| {
            let line = vec![(at, from), (at, to)];
            PathElement::new(line, colour)
        });
        let corners = [(at - 0.35, top), (at + 0.35, bottom)];
        let style = if prices.rose() {
            colour.stroke_width(1)
        } else {
            colour.filled()
        };
        chart.draw_series(wicks).map_err(ExportError::refused)?;
        chart
            .draw_series([Rectangle::new(corners, style)])
            .map_err(ExportError::refused)?;
    }
    Ok(())
}

fn volumes(area: &Area<'_>, candles: &Candles, times: Times) -> Result<(), ExportError> {
    let most = candles.most_traded().max(1.0);
    let end = place(candles.all.len()) - 0.5;
    let date = |at: &f64| {
        let mut all = candles.all.iter().enumerate();
        let found = all.find(|(index, _)| (place(*index) - at).abs() < 0.5);
        found.map_or_else(String::new, |(_, candle)| {
            let moment = time::naive(candle.date);
            match times {
                Times::Days => moment.date().to_string(),
                Times::Moments | Times::Utc => moment.format("%m-%d %H:%M").to_string(),
            }
        })
    };
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .y_label_area_size(MARGIN)
        .x_label_area_size(24)
        .build_cartesian_2d(-0.5..end, 0.0..most)
        .map_err(ExportError::refused)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_labels(3)
        .x_labels(8)
        .x_label_formatter(&date)
        .y_label_formatter(&|volume| short(*volume))
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style((FONT, 12).into_font().color(&INK))
        .draw()
        .map_err(ExportError::refused)?;
    let bars = candles.all.iter().enumerate().map(|(at, candle)| {
        let colour = match candle.prices {
            Some(prices) if prices.rose() => ROSE,
            Some(_) => FELL,
            None => GRID,
        };
        let corners = [(place(at) - 0.35, 0.0), (place(at) + 0.35, candle.volume)];
        Rectangle::new(corners, colour.mix(0.5).filled())
    });
    chart
        .draw_series(bars)
        .map(drop)
        .map_err(ExportError::refused)
}

#[cfg(test)]
mod tests {
    use super::super::candle::tests::days;
    use super::super::candles;
    use super::*;

    #[test]
    fn each_candle_has_two_wicks_a_body_and_a_volume_and_names_are_escaped() {
        let frame = days(&[
            [100.0, 104.0, 99.0, 103.0, 1000.0],
            [103.0, 106.0, 102.0, 101.5, 2000.0],
        ]);

        let drawing = svg(&candles(&frame, 10), "A<b>&", Times::Days, (640, 400)).unwrap();

        assert!(drawing.contains("A&lt;b&gt;&amp;"), "{drawing}");
        assert!(!drawing.contains("<b>"));
        // Of the bodies one is hollow, and both volumes are filled.
        let bodies = drawing.matches("<rect").count();
        assert_eq!(bodies, 1 + 2 + 2, "{drawing}");
        assert!(drawing.contains("2025-11-03"), "{drawing}");
    }

    #[test]
    fn nothing_to_draw_is_refused() {
        let frame = days(&[[f64::NAN; 5]]);

        assert!(svg(&candles(&frame, 10), "A", Times::Days, (640, 400)).is_err());
    }
}
