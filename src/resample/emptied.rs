//! Bars that were made of lines as they were before, and of which no line is any more.

use super::trades::Made;
use crate::frame::{Column, Frame, Values};
use crate::model::Ticker;

impl Made {
    /// Adds an empty bar for each one that older versions of lines made and these do not: it takes the place of the one that was
    /// stored, as that of a cancelled trade does.
    pub fn empty_those_of(&mut self, older: Self) {
        add_emptied(&mut self.bars, older.bars);
        add_emptied(&mut self.outside, older.outside);
        add_emptied(&mut self.auctions, older.auctions);
    }
}

fn add_emptied(series: &mut Vec<(Ticker, Frame)>, older: Vec<(Ticker, Frame)>) {
    for (ticker, rows) in older {
        let rows = emptied(&rows);
        match series.binary_search_by(|(known, _)| known.cmp(&ticker)) {
            Ok(at) => {
                if let Some((_, made)) = series.get_mut(at)
                    // Rows of one profile; of two with one key the later one wins.
                    && let Ok(joined) = Frame::joined(made.profile(), vec![rows, made.clone()])
                {
                    *made = joined;
                }
            }
            Err(at) => series.insert(at, (ticker, rows)),
        }
    }
}

/// Returns rows without prices, with a volume of zero and no trades.
fn emptied(rows: &Frame) -> Frame {
    let count = rows.len();
    let columns = rows.profile().columns.iter().zip(rows.columns());
    let columns = columns.map(|(spec, column)| match spec.name {
        "volume" => Column::Float(Values::whole(vec![0.0; count])),
        "trades" => Column::Int(Values::whole(vec![0; count])),
        "open" | "high" | "low" | "close" | "vwap" | "price" => Column::Float(Values::nulls(count)),
        "printed" => Column::Time(Values::nulls(count)),
        _ => column.clone(),
    });
    Frame::ordered(rows.profile(), columns.collect()).frame
}
