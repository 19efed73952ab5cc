//! The lines of a text, cut into fields.

use std::cell::RefCell;

use csv::ByteRecord;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

thread_local! {
    /// What cut lines before, with the delimiter. To make one takes as long as to read a thousand lines: a file of a few new days
    /// would cost more than its rows.
    static IDLE: RefCell<Vec<(u8, Reader)>> = const { RefCell::new(Vec::new()) };
}

/// All lines of a text that are not blank, the first one included, with as many fields as each has.
pub(super) struct Lines<'t> {
    delimiter: u8,
    cutter: Reader,
    rest: &'t [u8],
    /// The fields of a line, one behind the other.
    fields: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t [u8], delimiter: u8) -> Self {
        let idle = IDLE.with_borrow_mut(|idle| {
            let at = idle.iter().position(|(of, _)| *of == delimiter)?;
            Some(idle.swap_remove(at).1)
        });
        Self {
            delimiter,
            cutter: idle.unwrap_or_else(|| ReaderBuilder::new().delimiter(delimiter).build()),
            rest: text,
            fields: vec![0; 256],
            ends: vec![0; 16],
        }
    }

    /// Returns the number of the line that comes next.
    pub(super) fn number(&self) -> u64 {
        self.cutter.line()
    }

    /// Reads the next line in the place of another; `false` when there is none.
    pub(super) fn read(&mut self, row: &mut ByteRecord) -> bool {
        let (mut filled, mut count) = (0, 0);
        loop {
            let fields = self.fields.get_mut(filled..).unwrap_or_default();
            let ends = self.ends.get_mut(count..).unwrap_or_default();
            let (result, read, written, ended) = self.cutter.read_record(self.rest, fields, ends);
            self.rest = self.rest.get(read..).unwrap_or_default();
            (filled, count) = (filled + written, count + ended);
            match result {
                // Of an empty rest it knows that nothing follows.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.fields.resize(2 * self.fields.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return false,
            }
        }
        row.clear();
        let mut from = 0;
        for end in self.ends.iter().take(count) {
            row.push_field(self.fields.get(from..*end).unwrap_or_default());
            from = *end;
        }
        true
    }
}

impl Iterator for Lines<'_> {
    type Item = ByteRecord;

    fn next(&mut self) -> Option<ByteRecord> {
        let mut row = ByteRecord::new();
        self.read(&mut row).then_some(row)
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        let mut cutter = std::mem::take(&mut self.cutter);
        cutter.reset();
        IDLE.with_borrow_mut(|idle| idle.push((self.delimiter, cutter)));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// As the reader of the library that cuts whole files does.
    #[rstest]
    #[case("")]
    #[case("\n\n")]
    #[case("a,b\n1,2\n")]
    #[case("a,b\r\n\r\n1,\"2,\n3\"\r\n,\n4")]
    #[case("\"a\"\"b\",c\nd\n")]
    #[case("\u{feff}a;b\n")]
    #[case("a,b\n1")]
    fn lines_are_cut_as_by_the_reader_of_files(
        #[case] text: &str,
        #[values(b',', b';', b':')] delimiter: u8,
    ) {
        let long = "x".repeat(300);
        let wide = ",".repeat(40);
        for text in [text.to_owned(), format!("{text}{long},{wide}\n{text}")] {
            let mut expected = csv::ReaderBuilder::new()
                .delimiter(delimiter)
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes());
            let mut lines = Lines::of(text.as_bytes(), delimiter);
            let (mut row, mut wanted) = (ByteRecord::new(), ByteRecord::new());
            while expected.read_byte_record(&mut wanted).unwrap() {
                assert_eq!(
                    Some(lines.number()),
                    wanted.position().map(csv::Position::line)
                );
                assert!(lines.read(&mut row), "{text:?}");
                assert_eq!(row, wanted, "{text:?}");
            }
            assert!(!lines.read(&mut row), "{text:?}");
        }
    }
}
