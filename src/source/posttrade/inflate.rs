//! A download as the bytes that were packed into it, within bounds.
//!
//! Promises: several gzip in succession are one, as the format says; what follows them and is none is noted and left out.
//! What is no gzip and begins like JSON is given as it is: some way between us and the server unpacked it.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use flate2::bufread::GzDecoder;

use super::{Limits, LinesError};

const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Below this much the ratio says nothing.
const SMALL: u64 = 1 << 24;

/// Unpacks.
pub(super) struct Inflater<R> {
    state: State<R>,
    limits: Limits,
    given: u64,
    /// How many bytes were too many.
    exceeded: Option<u64>,
    has_trailer: bool,
}

enum State<R> {
    Plain(BufReader<Counted<R>>),
    /// Within a member; `is_first` if it is the first one, and whether it has given anything.
    Member {
        decoder: Box<GzDecoder<BufReader<Counted<R>>>>,
        is_first: bool,
        has_given: bool,
    },
    Over,
}

impl<R: Read> Inflater<R> {
    /// Looks at the first bytes.
    pub(super) fn new(reader: R, limits: Limits) -> Result<Self, LinesError> {
        let mut packed = BufReader::with_capacity(64 << 10, Counted::new(reader));
        let begins = packed.fill_buf().map_err(LinesError::Unreadable)?;
        let first = begins.iter().find(|byte| !byte.is_ascii_whitespace());
        let state = if begins.starts_with(&MAGIC) || begins == [0x1f] {
            State::Member {
                decoder: Box::new(GzDecoder::new(packed)),
                is_first: true,
                has_given: false,
            }
        } else if first == Some(&b'{') {
            State::Plain(packed)
        } else {
            return Err(LinesError::NoTrades);
        };
        Ok(Self {
            state,
            limits,
            given: 0,
            exceeded: None,
            has_trailer: false,
        })
    }

    /// Tells whether bytes followed that are no gzip.
    pub(super) fn has_trailer(&self) -> bool {
        self.has_trailer
    }

    /// Returns what an error of reading means, after so many whole lines.
    pub(super) fn error(&self, error: &io::Error, lines: u64) -> LinesError {
        if let Some(limit) = self.exceeded {
            return LinesError::TooLarge { limit };
        }
        let counted = match &self.state {
            State::Plain(packed) => Some(packed.get_ref()),
            State::Member { decoder, .. } => Some(decoder.get_ref().get_ref()),
            State::Over => None,
        };
        if let Some(kind) = counted.and_then(|counted| counted.failed) {
            return LinesError::Unreadable(io::Error::new(kind, error.to_string()));
        }
        match error.kind() {
            ErrorKind::UnexpectedEof => LinesError::Cut { lines },
            _ => LinesError::Damaged {
                lines,
                reason: error.to_string(),
            },
        }
    }

    /// Goes on to the member that follows, if one does.
    fn next_member(&mut self) {
        let State::Member { decoder, .. } = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let mut packed = decoder.into_inner();
        match packed.fill_buf() {
            Ok([]) => {}
            Ok([byte, ..]) if *byte != MAGIC[0] => self.has_trailer = true,
            // An error is met again by the first read of the member.
            _ => {
                self.state = State::Member {
                    decoder: Box::new(GzDecoder::new(packed)),
                    is_first: false,
                    has_given: false,
                }
            }
        }
    }

    fn count(&mut self, read: usize) -> io::Result<usize> {
        self.given += u64::try_from(read).unwrap_or(u64::MAX);
        let packed = match &self.state {
            State::Member { decoder, .. } => decoder.get_ref().get_ref().count,
            State::Plain(_) | State::Over => u64::MAX,
        };
        let by_ratio = packed.saturating_mul(self.limits.ratio).max(SMALL);
        let limit = by_ratio.min(self.limits.inflated);
        if self.given > limit {
            self.exceeded = Some(limit);
            return Err(io::Error::other("too much"));
        }
        Ok(read)
    }
}

impl<R: Read> Read for Inflater<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::Over => return Ok(0),
                State::Plain(packed) => {
                    let read = packed.read(buffer)?;
                    return self.count(read);
                }
                State::Member {
                    decoder,
                    is_first,
                    has_given,
                } => match decoder.read(buffer) {
                    Ok(0) if buffer.is_empty() => return Ok(0),
                    Ok(0) => self.next_member(),
                    Ok(read) => {
                        *has_given = true;
                        return self.count(read);
                    }
                    // What looked like another member for one byte.
                    Err(error) if !*is_first && !*has_given && is_no_header(&error) => {
                        self.state = State::Over;
                        self.has_trailer = true;
                    }
                    Err(error) => return Err(error),
                },
            }
        }
    }
}

fn is_no_header(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidInput && error.to_string().contains("header")
}

/// Counts what is read, and remembers whether it was the reader that failed.
struct Counted<R> {
    reader: R,
    count: u64,
    failed: Option<ErrorKind>,
}

impl<R> Counted<R> {
    fn new(reader: R) -> Self {
        Self {
            reader,
            count: 0,
            failed: None,
        }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reader.read(buffer) {
            Ok(read) => {
                self.count += u64::try_from(read).unwrap_or(u64::MAX);
                Ok(read)
            }
            Err(error) => {
                if error.kind() != ErrorKind::Interrupted {
                    self.failed = Some(error.kind());
                }
                Err(error)
            }
        }
    }
}
