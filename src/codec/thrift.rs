//! Thrift's compact protocol, walked without building anything.
//!
//! Promises: what is walked to its end is one whole struct, and every length in it fits the bytes that are there. So the
//! reader of the Parquet crate, which makes room for what a file claims, may be let loose on it.

/// Structs in structs: Parquet has five.
const DEEPEST: usize = 16;

/// What was walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// The length of the struct.
    pub(super) bytes: usize,
    /// How many elements its lists have together.
    pub(super) elements: u64,
}

/// Walks the struct at the beginning of `bytes`; `see` hears of every field by the numbers that lead to it, with its value
/// if it is a whole number. Elements of a list have the number of their list. `None` when there is no whole struct.
pub(super) fn walk(bytes: &[u8], see: &mut dyn FnMut(&[i16], i64)) -> Option<Walked> {
    let mut walker = Walker {
        rest: bytes,
        elements: 0,
        path: Vec::with_capacity(DEEPEST),
        see,
    };
    walker.fields()?;
    Some(Walked {
        bytes: bytes.len() - walker.rest.len(),
        elements: walker.elements,
    })
}

struct Walker<'w> {
    rest: &'w [u8],
    elements: u64,
    path: Vec<i16>,
    see: &'w mut dyn FnMut(&[i16], i64),
}

impl Walker<'_> {
    fn fields(&mut self) -> Option<()> {
        if self.path.len() >= DEEPEST {
            return None;
        }
        let mut id: i16 = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => i16::try_from(self.zigzag()?).ok()?,
                step => id.checked_add(i16::from(step))?,
            };
            self.path.push(id);
            self.value(head & 0x0f, Where::Field)?;
            self.path.pop();
        }
    }

    fn value(&mut self, kind: u8, at: Where) -> Option<()> {
        let mut number = 0;
        match (kind, at) {
            // The value of a field that is true or false lies in its kind.
            (1 | 2, Where::Field) => {}
            (1..=3, _) => drop(self.byte()?),
            (4..=6, _) => number = self.zigzag()?,
            (7, _) => self.skip(8)?,
            (8, _) => {
                let length = self.varint()?;
                self.skip(length)?;
            }
            (9 | 10, _) => self.list()?,
            (11, _) => self.map()?,
            (12, _) => self.fields()?,
            (13, _) => self.skip(16)?,
            _ => return None,
        }
        (self.see)(&self.path, number);
        Some(())
    }

    fn list(&mut self) -> Option<()> {
        let head = self.byte()?;
        let size = match head >> 4 {
            15 => self.varint()?,
            size => u64::from(size),
        };
        self.many(size)?;
        (0..size).try_for_each(|_| self.value(head & 0x0f, Where::List))
    }

    fn map(&mut self) -> Option<()> {
        let size = self.varint()?;
        if size == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        self.many(size)?;
        (0..size).try_for_each(|_| {
            self.value(kinds >> 4, Where::List)?;
            self.value(kinds & 0x0f, Where::List)
        })
    }

    /// Every element takes a byte at least.
    fn many(&mut self, size: u64) -> Option<()> {
        self.elements = self.elements.checked_add(size)?;
        (size <= self.rest.len() as u64).then_some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let (number, rest) = varint(self.rest)?;
        self.rest = rest;
        Some(number)
    }

    fn zigzag(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Field,
    List,
}

/// Returns the number at the beginning of some bytes, seven bits a byte, and what follows.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    // Nearly all are short.
    if let [byte @ 0..0x80, rest @ ..] = bytes {
        return Some((u64::from(*byte), rest));
    }
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that lead to a field, and its value.
    type Field = (Vec<i16>, i64);

    fn seen(bytes: &[u8]) -> Option<(Walked, Vec<Field>)> {
        let mut fields = Vec::new();
        let mut see = |path: &[i16], number| fields.push((path.to_vec(), number));
        let walked = walk(bytes, &mut see)?;
        Some((walked, fields))
    }

    /// 1: 5, 2: -1, 5: struct { 1: 300 }, 6: "ab", 7: list of [7, 8], 8: true.
    const WHOLE: [u8; 20] = [
        0x15, 10, 0x15, 1, 0x3c, 0x15, 0xd8, 0x04, 0, 0x18, 2, b'a', b'b', 0x19, 0x25, 14, 16,
        0x11, 0, 0xff,
    ];

    #[test]
    fn a_struct_is_walked_to_its_end_and_its_numbers_are_told() {
        let (walked, fields) = seen(&WHOLE).unwrap();

        assert_eq!((walked.bytes, walked.elements), (19, 2));
        let numbers: Vec<(&[i16], i64)> = fields
            .iter()
            .map(|(path, number)| (&**path, *number))
            .collect();
        assert_eq!(
            numbers,
            [
                (&[1][..], 5),
                (&[2], -1),
                (&[5, 1], 300),
                (&[5], 0),
                (&[6], 0),
                (&[7], 7),
                (&[7], 8),
                (&[7], 0),
                (&[8], 0),
            ]
        );
    }

    #[test]
    fn what_is_cut_or_claims_more_than_there_is_is_no_struct() {
        for length in 0..19 {
            assert_eq!(seen(&WHOLE[..length]), None, "{length}");
        }
        // A text of 2^60 bytes, a list of as many numbers, a map of as many.
        let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
        for head in [&[0x18][..], &[0x19, 0xf5], &[0x1b]] {
            assert_eq!(seen(&[head, &huge, &[0; 9]].concat()), None, "{head:?}");
        }
        assert_eq!(seen(&[0x1c; 40]), None, "a struct in a struct without end");
        assert_eq!(seen(&[0x1e, 0, 0]), None, "no such kind");
    }
}
