//! Candles and volumes as a drawing of lines and letters (SVG).

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Candles;
use super::axis::{from_above, marks, short, written};
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
/// How high the whole range is drawn.
const FULL: i32 = 1_000_000;

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

/// Returns how high a share of a range is drawn. The library finds marks of its own, and an end of that, between some numbers only.
#[expect(clippy::cast_possible_truncation, reason = "far less than the most")]
fn height(share: f64) -> i32 {
    (share * f64::from(FULL)).round() as i32
}

/// Returns the label of a mark, which is one of those that were given.
fn label_of(marks: &[(i32, String)], at: i32) -> String {
    let found = marks.iter().find(|(mark, _)| *mark == at);
    found.map_or_else(String::new, |(_, label)| label.clone())
}

fn prices(area: &Area<'_>, candles: &Candles, range: (f64, f64)) -> Result<(), ExportError> {
    let height = |price: f64| height(1.0 - from_above(price, range));
    let (found, decimals) = marks(range.0, range.1, 6);
    let found = found.into_iter();
    let found: Vec<(i32, String)> = found
        .map(|mark| (height(mark), written(mark, decimals)))
        .collect();
    let points = found.iter().map(|(at, _)| *at).collect();
    let end = place(candles.all.len()) - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .y_label_area_size(MARGIN)
        .build_cartesian_2d(
            -0.5..end,
            (-FULL / 25..FULL + FULL / 25).with_key_points(points),
        )
        .map_err(ExportError::refused)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_label_formatter(&|at| label_of(&found, *at))
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
        let [open, close] = [prices.open, prices.close].map(height);
        let (top, bottom) = (open.max(close), open.min(close));
        let wicks = [(height(prices.high), top), (bottom, height(prices.low))].map(|(from, to)| {
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
    let found = marks(0.0, most, 3).0.into_iter();
    let found: Vec<(i32, String)> = found
        .map(|mark| (height(mark / most), short(mark)))
        .collect();
    let points = found.iter().map(|(at, _)| *at).collect();
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
        .build_cartesian_2d(-0.5..end, (0..FULL).with_key_points(points))
        .map_err(ExportError::refused)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(8)
        .x_label_formatter(&date)
        .y_label_formatter(&|at| label_of(&found, *at))
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
        let corners = [
            (place(at) - 0.35, 0),
            (place(at) + 0.35, height(candle.share_of(most))),
        ];
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

    /// It went on for ever: between some numbers the library finds no round ones.
    #[test]
    fn prices_and_volumes_of_any_size_are_drawn() {
        let high = f64::MAX;
        for bars in [
            vec![[1e300, 1.7e308, 1e299, 1.5e308, 1.0]; 30],
            vec![[high; 5]; 3],
            vec![[-high, high, -high, high, high], [high; 5]],
            vec![[0.0; 5]; 2],
            vec![[-0.0, 5e-324, 0.0, 0.0, -5.0]],
            vec![[1e16, 1e16_f64.next_up(), 1e16, 1e16, 0.0]],
            vec![
                [-5.0, -1.0, -9.0, -2.0, -high],
                [-5.0, -1.0, -9.0, -2.0, high],
            ],
            vec![[1e-12, 2e-12, 1e-12, 1e-12, 5.0]],
        ] {
            let all = candles(&days(&bars), 2);

            let drawing = svg(&all, "A", Times::Days, (640, 400)).unwrap();

            assert!(
                !drawing.contains("NaN") && !drawing.contains("inf"),
                "{bars:?}"
            );
            assert!(drawing.len() < 20_000, "{}", drawing.len());
        }
    }

    #[test]
    fn nothing_to_draw_is_refused() {
        let frame = days(&[[f64::NAN; 5]]);

        assert!(svg(&candles(&frame, 10), "A", Times::Days, (640, 400)).is_err());
    }
}
