//! What is known of each series before its bars are made, and which of its lines count by that.
//!
//! Promises: it hangs on all lines of the day, neither on their order nor on the length of bars. A line that does not count keeps
//! its place: its bar is made without it, in the place of one that was stored when it still did.

use std::collections::HashMap;

use crate::model::Ticker;

use super::exact::Digits;
use super::trades::Placed;

/// What is known of a series before its bars are made.
pub(super) struct Account {
    pub(super) ticker: Ticker,
    pub(super) digits: Digits,
    /// How many lines that count have prices per unit, and how many per cent, in all hours.
    notations: [usize; 2],
    /// The volume of all lines that count, in units of the last digit.
    pub(super) units: i128,
}

impl Account {
    /// Returns in which notation lines count nothing: of two that fewer lines have, and of as many in each per cent.
    fn unusual_is_per_cent(&self) -> Option<bool> {
        let [per_unit, per_cent] = self.notations;
        (!self.notations.contains(&0)).then_some(per_cent <= per_unit)
    }
}

/// Those of all series, by their numbers.
#[derive(Default)]
pub(super) struct Accounts {
    pub(super) all: Vec<Account>,
    /// Two currencies may have one series: none, and the word for none.
    by_ticker: HashMap<Ticker, usize>,
}

impl Accounts {
    /// Returns the number of a series.
    pub(super) fn number_of(&mut self, ticker: Ticker) -> usize {
        let all = &mut self.all;
        *self.by_ticker.entry(ticker).or_insert_with_key(|ticker| {
            all.push(Account {
                ticker: ticker.clone(),
                digits: Digits::default(),
                notations: [0; 2],
                units: 0,
            });
            all.len() - 1
        })
    }

    /// Takes in how the price of a line that counts is meant.
    pub(super) fn note(&mut self, series: usize, is_per_cent: bool) {
        if let Some(account) = self.all.get_mut(series) {
            let [per_unit, per_cent] = &mut account.notations;
            *(if is_per_cent { per_cent } else { per_unit }) += 1;
        }
    }

    /// Lets lines count nothing whose prices cannot stand beside those of their series, and returns how many there are.
    pub(super) fn leave_out_other_notations(&self, placed: &mut [Placed]) -> usize {
        let unusual: Vec<Option<bool>> =
            self.all.iter().map(Account::unusual_is_per_cent).collect();
        let mut others = 0;
        for line in placed.iter_mut().filter(|line| line.is_counted) {
            let unusual = unusual.get(line.series).copied().flatten();
            if unusual == Some(line.is_per_cent) {
                line.is_counted = false;
                others += 1;
            }
        }
        others
    }

    /// Counts up the volume of each series, and returns those whose volume cannot be counted exactly, with the reason. No line of them
    /// counts, which empties their bars.
    pub(super) fn count(&mut self, placed: &mut [Placed]) -> Vec<(String, String)> {
        let mut digits = vec![Some(Digits::default()); self.all.len()];
        for line in placed.iter().filter(|line| line.is_counted) {
            if let Some(digits) = digits.get_mut(line.series) {
                *digits = digits.and_then(|digits| digits.or(line.volume));
            }
        }
        let mut sums = vec![0_i128; digits.len()];
        for line in placed.iter().filter(|line| line.is_counted) {
            let known = digits.get(line.series).copied().flatten();
            let units = known.and_then(|digits| digits.units(line.volume));
            if let Some(sum) = sums.get_mut(line.series) {
                *sum += i128::from(units.unwrap_or_default());
            }
        }
        let (mut refused, mut is_refused) = (Vec::new(), Vec::new());
        for ((account, digits), sum) in self.all.iter_mut().zip(digits).zip(sums) {
            let digits = digits.filter(|_| Digits::can_hold(sum));
            is_refused.push(digits.is_none());
            if let Some(digits) = digits {
                (account.digits, account.units) = (digits, sum);
                continue;
            }
            let reason = "its volumes have too many digits to be counted exactly".to_owned();
            refused.push((account.ticker.as_str().to_owned(), reason));
        }
        if !refused.is_empty() {
            let of_refused =
                |line: &&mut Placed| is_refused.get(line.series).is_none_or(|refused| *refused);
            let lines = placed.iter_mut().filter(of_refused);
            lines.for_each(|line| line.is_counted = false);
        }
        refused
    }
}
