//! Candles and volumes as lines of text.
//!
//! Promises: no line has more letters than there are columns. What rose is a line, what fell a block; colour only repeats it.

use chrono::NaiveDateTime;

use super::axis::{WIDEST, from_above, marks, short, written};
use super::candle::Prices;
use super::{Candle, Candles};
use crate::export::Times;
use crate::model::time;

/// How large the picture may be, in letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

/// Whether colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Green and red.
    Coloured,
    /// None.
    Plain,
}

/// What one half of a letter shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Nothing,
    Wick,
    Body,
}

/// Eighths of a letter, from none.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

const LEAST_ROWS: usize = 3;
const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const END: &str = "\u{1b}[0m";

impl Size {
    /// Returns how many candles fit beside the widest of the labels.
    pub fn candles(self) -> usize {
        self.columns.saturating_sub(WIDEST + 2).max(1)
    }

    fn of_volumes(self) -> usize {
        (self.rows / 5).max(1)
    }

    fn of_prices(self) -> usize {
        self.rows
            .saturating_sub(self.of_volumes() + 2)
            .max(LEAST_ROWS)
    }
}

/// Returns the picture, line by line: prices, volumes, dates.
pub fn lines(candles: &Candles, size: Size, times: Times, paint: Paint) -> Vec<String> {
    let Some(range) = candles.range() else {
        return vec!["no bar has prices".to_owned()];
    };
    let plot = Plot {
        candles: &candles.all,
        // Candles that have room do not touch.
        apart: if candles.all.len() * 2 <= size.candles() {
            2
        } else {
            1
        },
        paint,
    };
    let labels = labels(range, size.of_prices());
    let most = candles.most_traded();
    let label = short(most);
    let width = labels.iter().map(|(_, label)| label.chars().count());
    let width = width.chain([label.len()]).max().unwrap_or_default();
    let mut lines = Vec::new();
    for row in 0..size.of_prices() {
        let label = labels.iter().find(|(at, _)| *at == row);
        let text = plot.prices(row, size.of_prices(), range);
        lines.push(with_label(label.map(|(_, label)| label), width, &text));
    }
    for row in 0..size.of_volumes() {
        let text = plot.volumes(row, size.of_volumes(), most);
        lines.push(with_label((row == 0).then_some(&label), width, &text));
    }
    let (ticks, dates) = plot.dates(times, size.columns.saturating_sub(width + 2));
    lines.push(format!("{:width$} └{ticks}", ""));
    lines.push(format!("{:width$}  {dates}", "").trim_end().to_owned());
    lines
}

fn with_label(label: Option<&String>, width: usize, text: &str) -> String {
    let (label, edge) = match label {
        Some(label) => (label.as_str(), '┤'),
        None => ("", '│'),
    };
    format!("{label:>width$} {edge}{text}")
        .trim_end()
        .to_owned()
}

/// Returns the rows that have a label.
fn labels(range: (f64, f64), rows: usize) -> Vec<(usize, String)> {
    let (marks, decimals) = marks(range.0, range.1, (rows / 3).max(2));
    let label = |mark: f64| (half_of(mark, range, rows) / 2, written(mark, decimals));
    marks.into_iter().map(label).collect()
}

/// Returns the half row of a price, counted from above.
fn half_of(price: f64, range: (f64, f64), rows: usize) -> usize {
    let halves = f64::from(u32::try_from(rows * 2 - 1).unwrap_or(u32::MAX));
    whole(from_above(price, range) * halves).min(rows * 2 - 1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of rows or eighths; what is less than none is none"
)]
fn whole(number: f64) -> usize {
    number.round().max(0.0) as usize
}

struct Plot<'c> {
    candles: &'c [Candle],
    /// How many columns a candle has.
    apart: usize,
    paint: Paint,
}

impl Plot<'_> {
    fn prices(&self, row: usize, rows: usize, range: (f64, f64)) -> String {
        let letters = self.candles.iter().map(|candle| {
            let Some(prices) = candle.prices else {
                return (' ', None);
            };
            let half = |at| half_shown(&prices, at, range, rows);
            let letter = letter(half(row * 2), half(row * 2 + 1), prices.rose());
            (letter, Some(prices.rose()))
        });
        self.painted(letters)
    }

    fn volumes(&self, row: usize, rows: usize, most: f64) -> String {
        let eighths = rows * 8;
        let full = f64::from(u32::try_from(eighths).unwrap_or(u32::MAX));
        let letters = self.candles.iter().map(|candle| {
            let height = whole(candle.share_of(most) * full).max(usize::from(candle.volume > 0.0));
            let above = height.saturating_sub((rows - 1 - row) * 8).min(8);
            let letter = EIGHTHS.get(above).copied().unwrap_or(' ');
            (letter, candle.prices.map(|prices| prices.rose()))
        });
        self.painted(letters)
    }

    fn painted(&self, letters: impl Iterator<Item = (char, Option<bool>)>) -> String {
        let mut text = String::new();
        let mut colour = "";
        for (letter, rose) in letters {
            let wanted = match (self.paint, rose) {
                (Paint::Coloured, Some(true)) if letter != ' ' => GREEN,
                (Paint::Coloured, Some(false)) if letter != ' ' => RED,
                _ => "",
            };
            if wanted != colour {
                text.push_str(if wanted.is_empty() { END } else { wanted });
                colour = wanted;
            }
            text.push(letter);
            (1..self.apart).for_each(|_| text.push(' '));
        }
        if !colour.is_empty() {
            text.push_str(END);
        }
        text
    }

    /// Returns the line below the plot and the dates below that: each stands where its candle does.
    fn dates(&self, times: Times, columns: usize) -> (String, String) {
        let (mut ticks, mut dates) = (String::new(), String::new());
        let mut free = 0;
        for (at, candle) in self.candles.iter().enumerate() {
            let place = at * self.apart;
            let text = text_of(time::naive(candle.date), times);
            let fits = place >= free && place + text.len() <= columns;
            if fits {
                let gap = place - dates.chars().count();
                dates.extend(std::iter::repeat_n(' ', gap));
                dates.push_str(&text);
                free = place + text.len() + 3;
            }
            ticks.push(if fits { '┬' } else { '─' });
            (1..self.apart).for_each(|_| ticks.push('─'));
        }
        (ticks, dates)
    }
}

fn text_of(moment: NaiveDateTime, times: Times) -> String {
    match times {
        Times::Days => moment.date().to_string(),
        Times::Moments | Times::Utc => moment.format("%m-%d %H:%M").to_string(),
    }
}

fn half_shown(prices: &Prices, at: usize, range: (f64, f64), rows: usize) -> Half {
    let half = |price| half_of(price, range, rows);
    let body = half(prices.open.max(prices.close))..=half(prices.open.min(prices.close));
    let wick = half(prices.high)..=half(prices.low);
    if body.contains(&at) {
        Half::Body
    } else if wick.contains(&at) {
        Half::Wick
    } else {
        Half::Nothing
    }
}

fn letter(upper: Half, lower: Half, rose: bool) -> char {
    use Half::{Body, Nothing, Wick};
    match (upper, lower, rose) {
        (Nothing, Nothing, _) => ' ',
        (Wick, Wick, _) => '│',
        (Wick, Nothing, _) => '╵',
        (Nothing, Wick, _) => '╷',
        (Body, Body, true) => '┃',
        (Body, Wick, true) => '╿',
        (Wick, Body, true) => '╽',
        (Body, Nothing, true) => '╹',
        (Nothing, Body, true) => '╻',
        (Body, Body, false) => '█',
        (Body, _, false) => '▀',
        (_, Body, false) => '▄',
    }
}

#[cfg(test)]
mod tests {
    use super::super::candle::tests::days;
    use super::super::candles;
    use super::*;

    fn week() -> Candles {
        let frame = days(&[
            [100.0, 104.0, 99.0, 103.0, 1000.0],
            [103.0, 106.0, 102.0, 105.0, 2000.0],
            [105.0, 105.5, 100.0, 101.0, 4000.0],
            [f64::NAN, 103.0, 100.0, 102.0, 500.0],
            [102.0, 110.0, 102.0, 109.0, 1500.0],
        ]);
        candles(&frame, 60)
    }

    const SMALL: Size = Size {
        columns: 40,
        rows: 12,
    };

    /// The letters of a candle, from above, of the rows that a filter wants.
    fn column(picture: &[String], edge: usize, at: usize) -> Vec<char> {
        let letter = |line: &String| line.chars().nth(edge + 1 + at * 2).unwrap_or(' ');
        picture.iter().map(letter).collect()
    }

    #[test]
    fn a_week_has_what_rose_as_lines_what_fell_as_blocks_and_gaps() {
        let picture = lines(&week(), SMALL, Times::Days, Paint::Plain);

        assert_eq!(picture.len(), SMALL.rows, "{picture:#?}");
        let edge = picture[0]
            .chars()
            .position(|c| c == '│' || c == '┤')
            .unwrap();
        let labels: Vec<&str> = picture
            .iter()
            .filter_map(|line| line.split('┤').next())
            .collect();
        assert!(
            labels.iter().any(|label| label.trim() == "110"),
            "{picture:#?}"
        );
        assert!(
            labels.iter().any(|label| label.trim() == "4.0k"),
            "{picture:#?}"
        );
        let prices = |at: usize| column(&picture[..SMALL.of_prices()], edge, at);
        let volumes = |at: usize| {
            let rows = SMALL.of_prices()..SMALL.of_prices() + SMALL.of_volumes();
            column(&picture[rows], edge, at)
        };
        let (rose, fell) = (
            |c: &char| "┃╿╽╹╻".contains(*c),
            |c: &char| "█▀▄".contains(*c),
        );
        for at in [0, 1, 4] {
            assert!(
                prices(at).iter().any(rose) && !prices(at).iter().any(fell),
                "{picture:#?}"
            );
        }
        assert!(
            prices(2).iter().any(fell) && !prices(2).iter().any(rose),
            "{picture:#?}"
        );
        assert!(prices(3).iter().all(|c| *c == ' '), "{picture:#?}");
        // The highest price is in the first row, the lowest in the last.
        assert_ne!(prices(4)[0], ' ');
        assert_ne!(*prices(0).last().unwrap(), ' ');
        assert_eq!(volumes(2), vec!['█'; SMALL.of_volumes()], "{picture:#?}");
        assert!(
            picture.last().unwrap().contains("2025-11-03"),
            "{picture:#?}"
        );
    }

    #[test]
    fn no_line_is_longer_than_the_window_whatever_its_size() {
        let many: Vec<[f64; 5]> = (0..500)
            .map(|day| {
                let price = 100.0 + f64::from(day % 37);
                [price, price + 2.0, price - 2.0, price + 1.0, 123_456.0]
            })
            .collect();
        let frame = days(&many);
        for columns in [20, 40, 80, 200] {
            for rows in [1, 8, 40] {
                let size = Size { columns, rows };
                let candles = candles(&frame, size.candles());

                let picture = lines(&candles, size, Times::Moments, Paint::Plain);

                let longest = picture.iter().map(|line| line.chars().count()).max();
                assert!(longest <= Some(columns), "{columns}: {longest:?}");
            }
        }
    }

    /// The label was cut: 1500000000.
    #[test]
    fn a_label_is_never_another_number() {
        let bars = vec![[1e300, 1.7e308, 1e299, 1.5e308, 4e18]; 30];
        let candles = candles(&days(&bars), 10);

        let picture = lines(&candles, SMALL, Times::Days, Paint::Plain);

        let labels = picture.iter().filter_map(|line| line.split_once('┤'));
        let labels: Vec<&str> = labels.map(|(label, _)| label.trim()).collect();
        assert!(labels.contains(&"1.00e308"), "{picture:#?}");
        assert!(labels.contains(&"1.2e19"), "{picture:#?}");
    }

    #[test]
    fn colour_says_nothing_that_the_letters_do_not_say() {
        let plain = lines(&week(), SMALL, Times::Days, Paint::Plain);
        let coloured = lines(&week(), SMALL, Times::Days, Paint::Coloured);

        let stripped: Vec<String> = coloured
            .iter()
            .map(|line| {
                [GREEN, RED, END]
                    .iter()
                    .fold(line.clone(), |line, mark| line.replace(mark, ""))
            })
            .map(|line| line.trim_end().to_owned())
            .collect();
        assert_eq!(stripped, plain);
        assert!(coloured.concat().contains(RED) && coloured.concat().contains(GREEN));
    }

    #[test]
    fn without_prices_that_is_said() {
        let candles = candles(&days(&[[f64::NAN; 5]]), 10);

        let picture = lines(&candles, SMALL, Times::Days, Paint::Plain);

        assert_eq!(picture, ["no bar has prices"]);
    }
}
