//! Every disk that may be found after a power cut.
//!
//! Few pending changes: every combination. Many: all, none, each one lost, each one alone, each written piece zeroed
//! or halved, and random subsets that a seed makes repeatable. Disks that look alike are shown once.

use std::collections::HashSet;
use std::fmt;

use super::disk::{Change, Disk, Survives, apply};

/// What became of each pending change: `None` is lost.
type Fate = Vec<Option<Survives>>;

/// What a power cut took, for a message.
#[derive(Debug)]
pub(crate) struct Lost<'a> {
    pending: &'a [Change],
    fate: &'a Fate,
}

impl fmt::Display for Lost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (change, fate) in self.pending.iter().zip(self.fate) {
            match fate {
                Some(Survives::Whole) => {}
                Some(other) => write!(f, "{} {other:?}; ", Named(change))?,
                None => write!(f, "{}; ", Named(change))?,
            }
        }
        Ok(())
    }
}

struct Named<'a>(&'a Change);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Change::Entry(link) if link.to.is_some() => write!(f, "name {}", link.name),
            Change::Entry(link) => write!(f, "removal of {}", link.name),
            Change::Move { to, from } => write!(f, "rename {} to {}", from.name, to.name),
            Change::Bytes { file, bytes, .. } => write!(f, "{} bytes of #{file}", bytes.len()),
        }
    }
}

impl Disk {
    /// Shows every disk that may be found after a power cut, and returns how many there were.
    pub(crate) fn cuts(
        &self,
        random: usize,
        seed: u64,
        show: &mut dyn FnMut(Self, &Lost<'_>),
    ) -> usize {
        if self.pending.is_empty() {
            let lost = Lost {
                pending: &[],
                fate: &Vec::new(),
            };
            show(self.reboot(&Vec::new()), &lost);
            return 1;
        }
        let mut shown = HashSet::new();
        for fate in fates(&self.pending, random, seed) {
            let found = self.reboot(&fate);
            if shown.insert(found.now.digest()) {
                let lost = Lost {
                    pending: &self.pending,
                    fate: &fate,
                };
                show(found, &lost);
            }
        }
        shown.len()
    }

    fn reboot(&self, fate: &Fate) -> Self {
        let mut tree = self.durable.clone();
        for (change, fate) in self.pending.iter().zip(fate) {
            if let Some(survives) = fate {
                apply(&mut tree, change, *survives);
            }
        }
        self.holding(tree)
    }
}

fn choices(change: &Change) -> &'static [Option<Survives>] {
    const NAME: [Option<Survives>; 2] = [Some(Survives::Whole), None];
    const BYTES: [Option<Survives>; 4] = [
        Some(Survives::Whole),
        None,
        Some(Survives::AsZeros),
        Some(Survives::Half),
    ];
    match change {
        Change::Entry(_) | Change::Move { .. } => &NAME,
        Change::Bytes { bytes, .. } if bytes.is_empty() => &NAME,
        Change::Bytes { .. } => &BYTES,
    }
}

fn fates(pending: &[Change], random: usize, seed: u64) -> Vec<Fate> {
    let combinations = pending.iter().try_fold(1_usize, |product, change| {
        product.checked_mul(choices(change).len())
    });
    match combinations {
        Some(count) if count <= random * 8 => (0..count)
            .map(|number| combination(pending, number))
            .collect(),
        _ => sample(pending, random, seed),
    }
}

fn combination(pending: &[Change], mut number: usize) -> Fate {
    pending
        .iter()
        .map(|change| {
            let choices = choices(change);
            let choice = choices[number % choices.len()];
            number /= choices.len();
            choice
        })
        .collect()
}

fn sample(pending: &[Change], random: usize, seed: u64) -> Vec<Fate> {
    let all: Fate = vec![Some(Survives::Whole); pending.len()];
    let none: Fate = vec![None; pending.len()];
    let mut fates = vec![all.clone(), none.clone()];
    for (at, change) in pending.iter().enumerate() {
        for choice in &choices(change)[1..] {
            let mut spared = all.clone();
            spared[at] = *choice;
            fates.push(spared);
        }
        let mut alone = none.clone();
        alone[at] = Some(Survives::Whole);
        fates.push(alone);
    }
    let mut dice = Dice(seed | 1);
    for _ in 0..random {
        let fate = pending.iter().map(|change| {
            let choices = choices(change);
            choices[dice.roll(choices.len())]
        });
        fates.push(fate.collect());
    }
    fates
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}
