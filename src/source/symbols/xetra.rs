//! The file of all instruments that Deutsche Börse publishes for each of its markets, `t7-xetr-allTradableInstruments.csv`.
//!
//! Two lines before the heading name the market and the day; fields are parted by semicolons. The columns are found by
//! their names, which differ between years in capitals and in one word.
//!
//! Promises: for Yahoo a symbol of Xetra is that of the exchange with the ending by which Yahoo knows it, `SAP.DE`; for a feed of
//! trades an instrument of any market is its ISIN, beside its mnemonic.

use chrono::NaiveDate;

use super::form::{Row, Rows, shown};
use super::{Instrument, Kind, ListError, Reason};

/// How the first line begins.
const MARKET: &str = "Market:;";
/// How the second line begins.
const DATE: &str = "Date Last Update:;";
/// The market identifier of Xetra. That of Frankfurt publishes a file of the same form, which Yahoo spells otherwise.
const XETRA: &str = "XETR";
/// What comes before the first row.
const PREAMBLE: usize = 3;

/// Tells whether a list begins as such a file does, that of another market included.
pub(super) fn is_one(first: &str) -> bool {
    first.starts_with(MARKET)
}

/// A file, understood.
#[derive(Debug)]
pub(super) struct InstrumentFile<'t> {
    market: &'t str,
    /// The day, as the file has it.
    pub(super) date: &'t str,
    pub(super) instruments: Vec<Instrument>,
}

impl InstrumentFile<'_> {
    /// Returns the day of the file, which is written as in Germany.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        NaiveDate::parse_from_str(self.date, "%d.%m.%Y").ok()
    }
}

/// Returns the rows of Xetra's file as Yahoo spells them.
pub(super) fn rows(text: &str) -> Result<Rows, ListError> {
    let file = read(text)?;
    if file.market != XETRA {
        let line = format!("{MARKET}{}", file.market);
        return Err(ListError::UnknownHeading { line: shown(&line) });
    }
    Ok(Rows {
        rows: file.instruments.iter().map(row).collect(),
        date: Some(file.date.to_owned()),
    })
}

fn row(instrument: &Instrument) -> Row {
    let mnemonic = &instrument.mnemonic;
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let spelled = if !instrument.is_active {
        Err(Reason::Inactive)
    } else if mnemonic.is_empty() || !mnemonic.chars().all(is_plain) {
        Err(Reason::NoSpelling)
    } else {
        Ok(format!("{mnemonic}.DE"))
    };
    let listed = if mnemonic.is_empty() {
        &instrument.isin
    } else {
        mnemonic
    };
    Row {
        listed: listed.clone(),
        spelled,
        kind: Some(instrument.kind),
    }
}

/// Reads the file of any market.
///
/// # Errors
/// When a part is missing, or the file is none.
pub(super) fn read(text: &str) -> Result<InstrumentFile<'_>, ListError> {
    if !text.ends_with('\n') {
        return Err(ListError::CutOff {
            missing: "its last line has no end",
        });
    }
    let mut lines = text.lines().map(str::trim_end);
    let unknown = |line: &str| ListError::UnknownHeading { line: shown(line) };
    let first = lines.next().unwrap_or_default();
    let market = first
        .strip_prefix(MARKET)
        .ok_or_else(|| unknown(first))?
        .trim_end_matches(';');
    let second = lines.next().unwrap_or_default();
    let date = second
        .strip_prefix(DATE)
        .ok_or_else(|| unknown(second))?
        .trim_end_matches(';');
    let heading = lines.next().unwrap_or_default();
    let columns = Columns::of(heading).ok_or_else(|| unknown(heading))?;
    let mut instruments = Vec::new();
    for (at, line) in lines.enumerate() {
        let fields: Vec<&str> = line.split(';').map(str::trim).collect();
        if fields.len() != columns.count {
            return Err(ListError::Fields {
                line: at + PREAMBLE + 1,
                found: fields.len(),
                expected: columns.count,
            });
        }
        instruments.push(columns.instrument(&fields));
    }
    Ok(InstrumentFile {
        market,
        date,
        instruments,
    })
}

/// Where the columns are.
struct Columns {
    count: usize,
    segment: usize,
    status: usize,
    name: usize,
    isin: usize,
    mnemonic: usize,
    kind: usize,
    currency: Option<usize>,
}

impl Columns {
    fn of(heading: &str) -> Option<Self> {
        let columns: Vec<String> = heading
            .split(';')
            .map(|column| column.trim().to_lowercase())
            .collect();
        let place = |name: &str| columns.iter().position(|column| column == name);
        Some(Self {
            count: columns.len(),
            segment: place("market segment status").or_else(|| place("product status"))?,
            status: place("instrument status")?,
            name: place("instrument")?,
            isin: place("isin")?,
            mnemonic: place("mnemonic")?,
            kind: place("instrument type")?,
            currency: place("currency").or_else(|| place("settlement currency")),
        })
    }

    fn instrument(&self, fields: &[&str]) -> Instrument {
        let field = |place: usize| fields.get(place).copied().unwrap_or_default();
        let is_active = |place: usize| field(place).eq_ignore_ascii_case("active");
        let currency = self.currency.map(field).filter(|code| !code.is_empty());
        Instrument {
            isin: field(self.isin).to_owned(),
            mnemonic: field(self.mnemonic).to_owned(),
            name: field(self.name).to_owned(),
            currency: currency.map(str::to_owned),
            is_active: is_active(self.segment) && is_active(self.status),
            kind: match field(self.kind) {
                "CS" => Kind::Share,
                "ETF" => Kind::Etf,
                "ETC" => Kind::Etc,
                "ETN" => Kind::Etn,
                _ => Kind::Other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::symbols::{Forms, SymbolList};

    const FILE: &str = "Market:;XETR\nDate Last Update:;08.11.2019\n\
        Market Segment Status;Instrument Status;instrument;ISIN;Mnemonic;Instrument Type\n\
        active;active;SAP SE O.N.;DE0007164600;SAP;CS\n\
        active;active;FUND A;DE0000000001;1FA;ETF\n\
        active;active;METAL;DE0000000002;OD7J;ETC\n\
        active;active;NOTE;DE0000000003;5CH5;ETN\n\
        active;active;SOMETHING;DE0000000004;RHO5;OTHER\n\
        active;inactive;GONE;DE0000000005;OLD;CS\n\
        inactive;active;HALTED;DE0000000006;HLT;CS\n\
        active;active;NAMELESS;DE0000000007;;CS\n";

    fn list(text: &str) -> Result<SymbolList, ListError> {
        SymbolList::parse(text.as_bytes(), Forms::Tables)
    }

    #[test]
    fn active_instruments_have_the_ending_of_yahoo_and_a_kind() {
        let list = list(FILE).unwrap();

        let symbols: Vec<_> = list
            .symbols
            .iter()
            .map(|listed| (listed.ticker.as_str(), listed.kind.unwrap()))
            .collect();
        assert_eq!(
            symbols,
            [
                ("SAP.DE", Kind::Share),
                ("1FA.DE", Kind::Etf),
                ("OD7J.DE", Kind::Etc),
                ("5CH5.DE", Kind::Etn),
                ("RHO5.DE", Kind::Other),
            ]
        );
        assert_eq!(list.date.as_deref(), Some("08.11.2019"));
        let left_out: Vec<_> = list
            .left_out
            .iter()
            .map(|out| (out.symbol.as_str(), out.reason))
            .collect();
        assert_eq!(
            left_out,
            [
                ("OLD", Reason::Inactive),
                ("HLT", Reason::Inactive),
                ("DE0000000007", Reason::NoSpelling),
            ]
        );
    }

    #[test]
    fn other_years_name_and_order_the_columns_otherwise() {
        let text = "Market:;XETR;;;;\r\nDate Last Update:;02.01.2024;;;;\r\n\
            Mnemonic;Product Status;Instrument Status;Instrument;ISIN;Instrument Type\r\n\
            SAP;Active;Active;SAP SE \u{c4};DE0007164600;CS\r\n";
        let of_latin = [
            text.replace('\u{c4}', "").as_bytes().to_vec(),
            text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        ];

        for bytes in of_latin {
            let list = SymbolList::parse(&bytes, Forms::Tables).unwrap();

            assert_eq!(list.symbols.first().unwrap().ticker.as_str(), "SAP.DE");
            assert_eq!(list.date.as_deref(), Some("02.01.2024"));
        }
    }

    #[test]
    fn a_file_that_is_cut_off_within_a_line_is_refused() {
        let first_row = FILE.find("active;active;SAP").unwrap();

        for end in 0..FILE.len() {
            let is_at_a_line = end > first_row && FILE.as_bytes().get(end - 1) == Some(&b'\n');
            if !is_at_a_line {
                let cut = FILE.get(..end).unwrap();
                assert!(list(cut).is_err(), "{cut}");
            }
        }
    }

    #[test]
    fn the_file_of_another_market_is_refused_with_its_line() {
        let error = list(&FILE.replace("XETR", "XFRA")).unwrap_err();

        assert!(error.to_string().contains("`Market:;XFRA`"), "{error}");
    }
}
