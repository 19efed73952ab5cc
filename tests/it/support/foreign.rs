//! Parquet files as other writers leave them, made with the low-level writer of the parquet crate.
//!
//! The codec of barkeep is not used here, so that it cannot agree with itself about what others do.

mod column;

use barkeep::model::time;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use std::sync::Arc;

use parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use column::{ForeignColumn, Values, int96, optional, whole};

/// How a writer stores dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    Millis,
    Micros,
    Nanos,
    Int96,
    Date,
    /// Microseconds that are said to be UTC, as a zone-aware index is stored.
    Zoned,
}

/// How a writer stores a column of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// 64-bit integers or null.
    Nullable,
    /// 64-bit integers, never null.
    Plain,
    /// 64-bit floats.
    Float,
    /// 64-bit floats, each a half more than the number.
    Fraction,
    /// 64-bit floats beyond the range of 64-bit integers.
    Huge,
    /// A column without a type, which has no value at all.
    NullTyped,
    /// No such column.
    Missing,
}

/// How a writer stores the names of stocks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stocks {
    /// As text.
    Utf8,
    /// In Latin-1, with a letter at the end that UTF-8 does not have so.
    Latin,
    /// As numbers of 32 bits, as Tokyo has them.
    Numbers,
    /// As these texts, in place of those of the rows.
    Texts(Vec<ByteArray>),
}

/// One row; a `None` is a null.
#[derive(Clone, Debug)]
pub(crate) struct ForeignBar {
    pub(crate) stock: Option<&'static str>,
    pub(crate) date: Option<i64>,
    pub(crate) price: Option<f64>,
    pub(crate) volume: Option<i64>,
    pub(crate) sequence: Option<i64>,
}

/// A file of bars by another writer. The default is what the predecessor writes, but for the compression.
#[derive(Clone, Debug)]
pub(crate) struct ForeignFile {
    pub(crate) rows: Vec<ForeignBar>,
    pub(crate) stamp: Stamp,
    pub(crate) compression: Compression,
    pub(crate) volume: Whole,
    pub(crate) sequence: Whole,
    pub(crate) is_stock_required: bool,
    /// A further column of numbers that count from 0; it may have the name of another one.
    pub(crate) extra: Option<&'static str>,
    /// Whether the further column is there twice.
    pub(crate) is_extra_twice: bool,
    /// The last date as its number in the file, whatever the row says; of INT96 the Julian day.
    pub(crate) last_date: Option<i64>,
    pub(crate) stocks: Stocks,
    /// A key of the footer and its value.
    pub(crate) footer: Option<(&'static str, &'static str)>,
    /// Whether pandas stored an index that says more than the number of a row.
    pub(crate) is_index_odd: bool,
}

/// Returns whole files of two days of a stock that this build cannot hold, each with a part of the reason.
pub(crate) fn foreign_files(stock: &'static str) -> Vec<(&'static str, Vec<u8>)> {
    let rows = || days(stock, &[("2026-05-28", 7.0), ("2026-05-29", 8.0)]);
    let file = || ForeignFile::of(rows());
    let far = |stamp, last_date| ForeignFile {
        stamp,
        last_date: Some(last_date),
        ..file()
    };
    let extra = |name| ForeignFile {
        extra: Some(name),
        ..file()
    };
    let mut encrypted = file().bytes();
    let magic = encrypted.len() - 4;
    encrypted[magic..].copy_from_slice(b"PARE");
    vec![
        ("two columns named close", extra("close").bytes()),
        ("two columns named date", extra("date").bytes()),
        ("two columns named stock", extra("stock").bytes()),
        (
            "two columns named note",
            ForeignFile {
                is_extra_twice: true,
                ..extra("note")
            }
            .bytes(),
        ),
        (
            "outside the years",
            far(Stamp::Millis, 253_402_214_400_000).bytes(),
        ),
        ("outside the years", far(Stamp::Micros, i64::MAX).bytes()),
        ("outside the years", far(Stamp::Nanos, i64::MIN).bytes()),
        ("outside the years", far(Stamp::Int96, 5_373_484).bytes()),
        ("outside the years", far(Stamp::Date, 2_932_896).bytes()),
        (
            "time zone",
            ForeignFile {
                stamp: Stamp::Zoned,
                ..file()
            }
            .bytes(),
        ),
        (
            "not UTF-8",
            ForeignFile {
                stocks: Stocks::Latin,
                ..file()
            }
            .bytes(),
        ),
        (
            "another type",
            ForeignFile {
                stocks: Stocks::Numbers,
                ..file()
            }
            .bytes(),
        ),
        (
            "format version 99",
            ForeignFile {
                footer: Some(("barkeep.schema_version", "99")),
                ..file()
            }
            .bytes(),
        ),
        (
            "wrote it anew",
            ForeignFile {
                footer: Some(("barkeep.file_sha256", DIGEST)),
                ..file()
            }
            .bytes(),
        ),
        ("encrypted", encrypted),
        ("LZO", with_codec(&file().bytes(), "close", LZO)),
        ("footer", with_codec(&file().bytes(), "close", 50)),
    ]
}

/// A digest of something.
const DIGEST: &str = "5b84ad731ce5e1514df3fac909f109f48756ec2cb5bcbcdea0e634ab97d2cb88";

/// The number of a compression that no reader in Rust knows.
const LZO: u8 = 3;

/// Returns a file whose footer says that one of its columns is compressed in another way.
fn with_codec(file: &[u8], column: &str, codec: u8) -> Vec<u8> {
    let mut bytes = file.to_vec();
    let length = u8::try_from(column.len()).unwrap();
    // Thrift: a list of one text, the path; then the number of the compression.
    let marker = [&[0x19, 0x18, length], column.as_bytes(), &[0x15]].concat();
    let at = bytes.windows(marker.len()).rposition(|part| part == marker);
    bytes[at.unwrap() + marker.len()] = codec * 2;
    bytes
}

/// Returns rows of one stock, one for each day, with the price as volume, too.
pub(crate) fn days(stock: &'static str, days: &[(&str, f64)]) -> Vec<ForeignBar> {
    let row = |(day, price): &(&str, f64)| ForeignBar {
        stock: Some(stock),
        date: Some(time::parse(day).unwrap()),
        price: Some(*price),
        #[expect(clippy::cast_possible_truncation, reason = "prices of tests are small")]
        volume: Some(*price as i64),
        sequence: None,
    };
    days.iter().map(row).collect()
}

/// Returns a file of such rows.
pub(crate) fn daily(stock: &'static str, rows: &[(&str, f64)]) -> Vec<u8> {
    ForeignFile::of(days(stock, rows)).bytes()
}

impl ForeignFile {
    pub(crate) fn of(rows: Vec<ForeignBar>) -> Self {
        Self {
            rows,
            stamp: Stamp::Nanos,
            compression: Compression::SNAPPY,
            volume: Whole::Nullable,
            sequence: Whole::Nullable,
            is_stock_required: false,
            extra: None,
            is_extra_twice: false,
            last_date: None,
            stocks: Stocks::Utf8,
            footer: None,
            is_index_odd: false,
        }
    }

    /// Returns the bytes of the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let columns = self.columns();
        let fields = columns.iter().map(|column| Arc::new(column.schema()));
        let schema = Type::group_type_builder("schema")
            .with_fields(fields.collect())
            .build()
            .unwrap();
        let properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_created_by("another writer".to_owned())
            .build();
        let mut writer =
            SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for column in &columns {
            let mut chunk = group.next_column().unwrap().unwrap();
            column.write(&mut chunk);
            chunk.close().unwrap();
        }
        group.close().unwrap();
        if let Some((key, value)) = self.footer {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value.to_owned()));
        }
        writer.into_inner().unwrap()
    }

    fn stocks(&self) -> Values {
        let ending = |end: &'static [u8]| {
            let of_row = move |row: &ForeignBar| {
                let stock = row.stock?;
                Some(ByteArray::from([stock.as_bytes(), end].concat()))
            };
            Values::Text(self.rows.iter().map(of_row).collect())
        };
        match &self.stocks {
            Stocks::Utf8 => ending(b""),
            Stocks::Latin => ending(b"\xfc"),
            Stocks::Numbers => Values::Int32(vec![Some(7203); self.rows.len()]),
            Stocks::Texts(texts) => Values::Text(texts.iter().cloned().map(Some).collect()),
        }
    }

    fn columns(&self) -> Vec<ForeignColumn> {
        let prices = || Values::Double(self.rows.iter().map(|row| row.price).collect());
        let mut columns = vec![
            ForeignColumn {
                name: "stock",
                logical: (self.stocks != Stocks::Numbers).then_some(LogicalType::String),
                is_required: self.is_stock_required,
                values: self.stocks(),
            },
            self.dates(),
        ];
        columns.extend(["open", "high", "low", "close"].map(|name| optional(name, prices())));
        columns.extend(whole(
            "volume",
            self.volume,
            &|at| self.rows[at].volume,
            self.rows.len(),
        ));
        columns.extend(whole(
            "sequence",
            self.sequence,
            &|at| self.rows[at].sequence,
            self.rows.len(),
        ));
        let count = || (0..).take(self.rows.len()).map(Some).collect();
        let times = 1 + usize::from(self.is_extra_twice);
        for name in self
            .extra
            .iter()
            .cycle()
            .take(times * usize::from(self.extra.is_some()))
        {
            columns.push(optional(name, Values::Int64(count())));
        }
        if self.is_index_odd {
            let numbers = (0..).take(self.rows.len()).map(|at: i64| Some(100 - at));
            columns.push(optional(
                "__index_level_0__",
                Values::Int64(numbers.collect()),
            ));
        }
        columns
    }

    /// Puts the last date in place of that of the last row, if there is one.
    fn ended<T>(&self, mut dates: Vec<Option<T>>, of: impl Fn(i64) -> T) -> Vec<Option<T>> {
        if let (Some(date), Some(last)) = (self.last_date, dates.last_mut()) {
            *last = Some(of(date));
        }
        dates
    }

    fn dates(&self) -> ForeignColumn {
        let scaled = |nanos: i64| {
            let dates = self
                .rows
                .iter()
                .map(|row| row.date.map(|date| date / nanos));
            Values::Int64(self.ended(dates.collect(), |date| date))
        };
        let (logical, values) = match self.stamp {
            Stamp::Millis => (
                Some(LogicalType::timestamp(false, TimeUnit::MILLIS)),
                scaled(1_000_000),
            ),
            Stamp::Micros => (
                Some(LogicalType::timestamp(false, TimeUnit::MICROS)),
                scaled(1_000),
            ),
            Stamp::Nanos => (
                Some(LogicalType::timestamp(false, TimeUnit::NANOS)),
                scaled(1),
            ),
            Stamp::Zoned => (
                Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
                scaled(1_000),
            ),
            Stamp::Int96 => {
                let dates = self.rows.iter().map(|row| row.date.map(int96));
                let on = |day| Int96::from(vec![0, 0, u32::try_from(day).unwrap()]);
                (None, Values::Int96(self.ended(dates.collect(), on)))
            }
            Stamp::Date => {
                let day = |date: i64| i32::try_from(date.div_euclid(time::DAY)).unwrap();
                let dates = self.rows.iter().map(|row| row.date.map(day));
                let on = |day| i32::try_from(day).unwrap();
                (
                    Some(LogicalType::Date),
                    Values::Int32(self.ended(dates.collect(), on)),
                )
            }
        };
        ForeignColumn {
            name: "date",
            logical,
            is_required: false,
            values,
        }
    }
}
