//! The texts of a column, of which a series mostly repeats one or a few.

use std::ops::Range;
use std::sync::Arc;

use super::Words;
use super::words::WORDS_TRIED;

/// Texts, each of which may be null. Equal texts that follow one another are shared.
#[derive(Clone, Debug)]
pub enum Texts {
    /// One text, or none, in every row.
    Same {
        /// The text.
        text: Option<Arc<str>>,
        /// The number of rows.
        rows: usize,
    },
    /// Texts of which many rows have the same, such as the ISINs of a day of trades.
    Few(Words),
    /// A text for each row.
    Each(Vec<Option<Arc<str>>>),
}

impl Texts {
    /// Returns one text, or none, for so many rows.
    pub fn same(text: Option<Arc<str>>, rows: usize) -> Self {
        Self::Same { text, rows }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Same { rows, .. } => *rows,
            Self::Few(few) => few.codes.len(),
            Self::Each(texts) => texts.len(),
        }
    }

    /// Tells whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns one text; a row beyond the end is null.
    pub fn get(&self, row: usize) -> Option<&Arc<str>> {
        match self {
            Self::Same { text, rows } => text.as_ref().filter(|_| row < *rows),
            Self::Few(few) => few.get(row),
            Self::Each(texts) => texts.get(row)?.as_ref(),
        }
    }

    /// Returns the texts in turn.
    pub fn iter(&self) -> impl Iterator<Item = Option<&Arc<str>>> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Returns the text of all of some rows, if they have one and the same.
    pub fn same_in(&self, rows: Range<usize>) -> Option<&Arc<str>> {
        let first = self.get(rows.start)?;
        let is_same = match self {
            Self::Same { rows: all, .. } => rows.end <= *all,
            Self::Few(_) | Self::Each(_) => rows
                .into_iter()
                .all(|row| self.get(row).is_some_and(|text| is_equal(text, first))),
        };
        is_same.then_some(first)
    }

    /// Tells whether the texts are those of some rows of another column, however either keeps them.
    pub(super) fn is_part(&self, other: &Self, rows: Range<usize>) -> bool {
        let is_there = rows.end <= other.len() && rows.len() == self.len();
        is_there
            && match (self, other) {
                (Self::Same { text: a, .. }, Self::Same { text: b, .. }) => {
                    rows.is_empty() || is_same(a.as_ref(), b.as_ref())
                }
                _ => rows
                    .enumerate()
                    .all(|(own, row)| is_same(self.get(own), other.get(row))),
            }
    }

    /// Returns the texts of some rows, in the given order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let in_turn = || rows.iter().map(|&row| self.get(row).cloned());
        match self {
            Self::Few(few) => {
                let codes = rows.iter().map(|&row| few.codes.get(row).copied());
                let taken = codes.collect::<Option<_>>();
                let taken = taken.and_then(|codes| few.of_rows(codes));
                taken.map_or_else(|| in_turn().collect(), Self::Few)
            }
            Self::Each(_) if rows.len() > WORDS_TRIED => Self::Each(in_turn().collect()),
            Self::Same { .. } | Self::Each(_) => in_turn().collect(),
        }
    }

    /// Puts a text into a row that is there.
    pub fn put(&mut self, row: usize, text: Option<Arc<str>>) {
        self.change(|texts| {
            if let Some(place) = texts.get_mut(row) {
                *place = text;
            }
        });
    }

    /// Appends a text of which a reference is made only if it is needed.
    pub fn push_shared(&mut self, text: Option<&Arc<str>>) {
        match self {
            Self::Same { text: same, rows } if *rows > 0 && is_same(same.as_ref(), text) => {
                *rows += 1;
            }
            Self::Few(few) => match few.code_of_shared(text) {
                Some(code) => few.codes.push(code),
                None => self.change(|texts| texts.push(text.cloned())),
            },
            _ => self.push(text.cloned()),
        }
    }

    /// Appends a text.
    pub fn push(&mut self, text: Option<Arc<str>>) {
        match self {
            Self::Same { rows: 0, .. } => *self = Self::same(text, 1),
            Self::Same { text: same, rows } if is_same(same.as_ref(), text.as_ref()) => *rows += 1,
            Self::Same { text: same, rows } => {
                let mut few = Words::default();
                few.code_of(same.as_deref());
                few.codes = vec![0; *rows];
                *self = Self::Few(few);
                self.push(text);
            }
            Self::Few(few) => match few.code_of(text.as_deref()) {
                Some(code) => few.codes.push(code),
                None => self.change(|texts| texts.push(text)),
            },
            Self::Each(texts) => texts.push(text),
        }
    }

    /// Appends a text of which a copy is made only if it is not known.
    pub fn push_str(&mut self, text: Option<&str>) {
        match self {
            Self::Same { text: same, rows } if *rows > 0 && same.as_deref() == text => *rows += 1,
            Self::Few(few) => match few.code_of(text) {
                Some(code) => few.codes.push(code),
                None => self.push(text.map(Arc::from)),
            },
            _ => self.push(text.map(Arc::from)),
        }
    }

    /// Appends some rows of another column.
    pub fn extend(&mut self, other: &Self, rows: Range<usize>) {
        let end = rows.end.min(other.len());
        let more = end.saturating_sub(rows.start);
        if let (Self::Few(few), Self::Few(others)) = (&mut *self, other)
            && few.extend(others, rows.start..end)
        {
            return;
        }
        if self.is_empty()
            && let Some(part) = other.part(rows.start..end)
        {
            *self = part;
            return;
        }
        match (&mut *self, other) {
            (_, _) if more == 0 => {}
            (Self::Each(texts), Self::Each(others)) => {
                texts.extend_from_slice(others.get(rows.start..end).unwrap_or_default());
            }
            (Self::Same { rows: 0, .. }, Self::Same { text, .. }) => {
                *self = Self::same(text.clone(), more);
            }
            (Self::Same { text: a, rows }, Self::Same { text: b, .. })
                if is_same(a.as_ref(), b.as_ref()) =>
            {
                *rows += more;
            }
            (_, Self::Same { text, .. }) => self.repeat(text.as_ref(), more),
            _ => (rows.start..end).for_each(|row| self.push(other.get(row).cloned())),
        }
    }

    /// Appends one text so many times.
    fn repeat(&mut self, text: Option<&Arc<str>>, rows: usize) {
        for left in (0..rows).rev() {
            self.push_shared(text);
            if let Self::Few(few) = self
                && let Some(code) = few.codes.last().copied()
            {
                let all = few.codes.len() + left;
                return few.codes.resize(all, code);
            }
        }
    }

    /// Returns some rows as they are kept here; `None` where they are better kept in another way.
    fn part(&self, rows: Range<usize>) -> Option<Self> {
        match self {
            Self::Same { .. } => None,
            Self::Few(few) => {
                let codes = few.codes.get(rows)?.to_vec();
                few.of_rows(codes).map(Self::Few)
            }
            Self::Each(texts) => {
                let texts = texts.get(rows).filter(|texts| texts.len() > WORDS_TRIED)?;
                Some(Self::Each(texts.to_vec()))
            }
        }
    }

    /// Makes room for so many more texts.
    pub fn reserve(&mut self, rows: usize) {
        match self {
            Self::Same { .. } => {}
            Self::Few(few) => few.codes.reserve(rows),
            Self::Each(texts) => texts.reserve(rows),
        }
    }

    /// Changes the texts as a list with a place for each row.
    fn change(&mut self, change: impl FnOnce(&mut Vec<Option<Arc<str>>>)) {
        let mut texts = match std::mem::replace(self, Self::same(None, 0)) {
            Self::Same { text, rows } => vec![text; rows],
            Self::Few(few) => few.each(),
            Self::Each(texts) => texts,
        };
        change(&mut texts);
        *self = Self::Each(texts);
    }
}

fn is_equal(a: &Arc<str>, b: &Arc<str>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}

fn is_same(a: Option<&Arc<str>>, b: Option<&Arc<str>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => is_equal(a, b),
        (None, None) => true,
        _ => false,
    }
}

impl PartialEq for Texts {
    /// By the texts, however they are kept.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.is_part(other, 0..other.len())
    }
}

impl FromIterator<Option<Arc<str>>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<Arc<str>>>>(texts: I) -> Self {
        let mut all = Self::same(None, 0);
        texts.into_iter().for_each(|text| all.push(text));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::values::tests::lists;
    use super::*;

    fn columns() -> Vec<Vec<Option<Arc<str>>>> {
        lists(&[None, Some(Arc::from("A")), Some(Arc::from("B"))])
    }

    fn texts(column: &[Option<Arc<str>>]) -> Texts {
        column.iter().cloned().collect()
    }

    fn cells(texts: &Texts) -> Vec<Option<Arc<str>>> {
        texts.iter().map(Option::<&Arc<str>>::cloned).collect()
    }

    #[test]
    fn texts_are_what_a_list_of_options_is() {
        for column in columns() {
            let texts = texts(&column);

            assert_eq!(cells(&texts), column);
            assert_eq!(texts.get(column.len()), None);
            assert_eq!(
                matches!(texts, Texts::Same { .. }),
                column.windows(2).all(|pair| pair[0] == pair[1])
            );
            for start in 0..column.len() {
                for end in start + 1..=column.len() {
                    let part = &column[start..end];
                    let is_one = part.iter().all(|text| text.is_some() && *text == part[0]);
                    let expected = is_one.then(|| part[0].as_ref()).flatten();
                    assert_eq!(texts.same_in(start..end), expected);
                }
            }
        }
    }

    #[test]
    fn joined_and_changed_texts_are_what_such_lists_are() {
        for first in columns() {
            for second in columns() {
                for start in 0..=second.len() {
                    let mut joined = texts(&first);
                    joined.extend(&texts(&second), start..second.len());

                    let mut expected = [&first[..], &second[start..]].concat();
                    assert_eq!(cells(&joined), expected);
                    for row in 0..expected.len() {
                        joined.put(row, Some("C".into()));
                        expected[row] = Some("C".into());
                        assert_eq!(cells(&joined), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn texts_that_repeat_take_two_bytes_a_row_and_others_a_reference() {
        let column = |words: usize, rows: usize| -> Vec<Option<Arc<str>>> {
            let word = |row: usize| Some(format!("{}", row % words).into());
            (0..rows).map(word).collect()
        };

        for (words, rows, is_few) in [
            (2, 3, true),
            (WORDS_TRIED, WORDS_TRIED * 2, true),
            (WORDS_TRIED * 3, WORDS_TRIED * 4, false),
            (usize::MAX, WORDS_TRIED, true),
            (usize::MAX, WORDS_TRIED + 1, false),
        ] {
            let column = column(words, rows);
            let all = texts(&column);

            assert_eq!(matches!(all, Texts::Few(_)), is_few, "{words} of {rows}");
            assert!(cells(&all) == column);
            let mut joined = texts(&column[..3]);
            joined.extend(&all, 3..rows);
            assert!(cells(&joined) == column && joined == all);
            let turned: Vec<usize> = (0..rows).rev().collect();
            assert!(cells(&all.take(&turned)).iter().rev().eq(&column));
            for part in [0..rows, 1..rows, 1..3, rows - 2..rows] {
                let mut more = Texts::same(None, 0);
                more.extend(&all, part.clone());
                assert!(cells(&more) == column[part.clone()], "{part:?}");
                more.extend(&all, part.clone());
                more.push(Some("new".into()));
                let twice = [&column[part.clone()], &column[part]].concat();
                assert!(cells(&more)[..twice.len()] == twice);
            }
        }
    }

    #[test]
    fn equal_texts_are_equal_however_they_are_kept() {
        for first in columns() {
            for second in columns() {
                for kept in [texts(&first), Texts::Each(first.clone())] {
                    assert_eq!(kept == texts(&second), first == second);
                    assert_eq!(texts(&second) == kept, first == second);
                }
            }
        }
    }
}
