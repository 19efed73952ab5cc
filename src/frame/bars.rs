//! Bars as rows, at the two borders where rows are what people think in: sources and `show`.

use std::sync::Arc;

use crate::model::{Dataset, Ticker};

use super::{Cell, Column, Frame, Ordered, Profile, Texts};

/// One bar as a source delivers it. A field that the source lacks is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bar {
    /// Start of the bar on the exchange's clock, nanoseconds since 1970; midnight for daily and wider bars.
    pub date: Option<i64>,
    /// First price.
    pub open: Option<f64>,
    /// Highest price.
    pub high: Option<f64>,
    /// Lowest price.
    pub low: Option<f64>,
    /// Last price.
    pub close: Option<f64>,
    /// Units traded; may be fractional at the source.
    pub volume: Option<Volume>,
    /// The source's own version of the row, if it has one.
    pub sequence: Option<i64>,
}

/// Units traded, as exactly as the source says it: a float cannot hold every count beyond 2^53.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Volume {
    /// A whole number.
    Units(i64),
    /// A fraction, or a number beyond the range of `i64`.
    Fraction(f64),
}

impl Volume {
    /// Returns the volume as near as a float is.
    pub fn as_f64(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "for ratios and comparisons, never for what is stored as it came"
        )]
        match self {
            Self::Units(units) => units as f64,
            Self::Fraction(number) => number,
        }
    }
}

impl From<i64> for Volume {
    fn from(units: i64) -> Self {
        Self::Units(units)
    }
}

impl From<f64> for Volume {
    /// A float that stands for exactly one whole number is that number.
    fn from(number: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() < EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "integral and below 2^53")]
            Self::Units(number as i64)
        } else {
            Self::Fraction(number)
        }
    }
}

/// Bars of one ticker as they arrived: any order, any duplicates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarBatch {
    /// The bars, in the source's order.
    pub bars: Vec<Bar>,
}

/// What was done to a batch's values to store them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchNotes {
    /// Fractional volumes rounded half to even.
    pub rounded_volumes: usize,
    /// Values that were NaN or infinite and are stored as null.
    pub not_finite: usize,
    /// Volumes beyond what an int64 holds, of which none is stored.
    pub too_large: usize,
}

impl std::ops::AddAssign for BatchNotes {
    fn add_assign(&mut self, more: Self) {
        self.rounded_volumes += more.rounded_volumes;
        self.not_finite += more.not_finite;
        self.too_large += more.too_large;
    }
}

impl BarBatch {
    /// Brings the batch into order, as the bars of `ticker`.
    pub fn ordered(&self, ticker: &Ticker) -> (Ordered, BatchNotes) {
        let mut notes = BatchNotes::default();
        let stock: Arc<str> = ticker.shared();
        let mut price = |of: fn(&Bar) -> Option<f64>| -> Column {
            let finite = |bar: &Bar| {
                of(bar).filter(|value| {
                    notes.not_finite += usize::from(!value.is_finite());
                    value.is_finite()
                })
            };
            Column::Float(self.bars.iter().map(finite).collect())
        };
        let (open, high) = (price(|bar| bar.open), price(|bar| bar.high));
        let (low, close) = (price(|bar| bar.low), price(|bar| bar.close));
        let volume = Column::Int(
            self.bars
                .iter()
                .map(|bar| bar.volume.and_then(|v| whole(v, &mut notes)))
                .collect(),
        );
        let columns = vec![
            Column::Text(Texts::same(Some(stock), self.bars.len())),
            Column::Time(self.bars.iter().map(|bar| bar.date).collect()),
            open,
            high,
            low,
            close,
            volume,
            Column::Int(self.bars.iter().map(|bar| bar.sequence).collect()),
        ];
        (Frame::ordered(Profile::of(Dataset::Stocks), columns), notes)
    }
}

/// Returns a volume as a whole number, rounded half to even; beyond 2^63 or not finite it is no volume.
fn whole(volume: Volume, notes: &mut BatchNotes) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_807.0;
    match volume {
        Volume::Units(units) => Some(units),
        Volume::Fraction(number) if number.is_finite() && number.abs() < LIMIT => {
            notes.rounded_volumes += usize::from(number.fract() != 0.0);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "integral and inside the range of i64, checked above"
            )]
            Some(number.round_ties_even() as i64)
        }
        Volume::Fraction(number) => {
            notes.not_finite += usize::from(!number.is_finite());
            notes.too_large += usize::from(number.is_finite());
            None
        }
    }
}

/// Returns the rows of a frame of bars.
pub fn bars_of(frame: &Frame) -> impl Iterator<Item = Bar> + '_ {
    let cell = |at: usize, row: usize| {
        frame
            .columns()
            .get(at)
            .map_or(Cell::Null, |column| column.cell(row))
    };
    let float = move |at, row| {
        if let Cell::Float(value) = cell(at, row) {
            Some(value)
        } else {
            None
        }
    };
    let int = move |at, row| {
        if let Cell::Int(value) = cell(at, row) {
            Some(value)
        } else {
            None
        }
    };
    let volume = move |row| match cell(6, row) {
        Cell::Int(units) => Some(Volume::Units(units)),
        Cell::Float(units) => Some(Volume::from(units)),
        _ => None,
    };
    (0..frame.len()).map(move |row| Bar {
        date: if let Cell::Time(date) = cell(1, row) {
            Some(date)
        } else {
            None
        },
        open: float(2, row),
        high: float(3, row),
        low: float(4, row),
        close: float(5, row),
        volume: volume(row),
        sequence: int(7, row),
    })
}
