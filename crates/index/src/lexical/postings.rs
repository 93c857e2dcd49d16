//! Which slots a term is in, and how often.

/// Bytes of a posting, with the room that lists keep for more.
pub(super) const BYTES: usize = 8;

/// How often a term occurs in a slot: in the low byte, up to 255; and how often with a capital, in the high byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count(pub(super) u16);

impl Count {
    const MOST: u16 = 255;

    fn of(capitalised: bool) -> Self {
        Self(1 | u16::from(capitalised) << 8)
    }

    pub(super) fn occurrences(self) -> u16 {
        self.0 & Self::MOST
    }

    pub(super) fn capitalised(self) -> u16 {
        self.0 >> 8
    }

    fn add(&mut self, capitalised: bool) {
        // What is not counted any more is counted with neither.
        if self.occurrences() < Self::MOST {
            self.0 += Self::of(capitalised).0;
        }
    }
}

/// The slots of one term, in ascending order. Most terms of a language occur once.
#[derive(Clone, Debug)]
pub(super) enum Postings {
    One(u32, Count),
    Many(Box<Lists>),
}

/// Slots and counts of equal length.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    slots: Vec<u32>,
    counts: Vec<Count>,
}

impl Postings {
    pub(super) fn new(slot: u32, capitalised: bool) -> Self {
        Self::One(slot, Count::of(capitalised))
    }

    /// One more occurrence, in the last slot or in another; true if it is in another.
    pub(super) fn push(&mut self, slot: u32, capitalised: bool) -> bool {
        match self {
            Self::One(last, count) if *last == slot => {
                count.add(capitalised);
                return false;
            }
            Self::One(last, count) => {
                let (slots, counts) = (vec![*last, slot], vec![*count, Count::of(capitalised)]);
                *self = Self::Many(Box::new(Lists { slots, counts }));
            }
            Self::Many(lists) => match lists.counts.last_mut() {
                Some(count) if lists.slots.last() == Some(&slot) => {
                    count.add(capitalised);
                    return false;
                }
                _ => {
                    lists.slots.push(slot);
                    lists.counts.push(Count::of(capitalised));
                }
            },
        }
        true
    }

    pub(super) fn of(slots: Vec<u32>, counts: Vec<Count>) -> Option<Self> {
        match (slots.as_slice(), counts.as_slice()) {
            ([], _) => None,
            (&[slot], &[count]) => Some(Self::One(slot, count)),
            _ => Some(Self::Many(Box::new(Lists { slots, counts }))),
        }
    }

    /// Puts the slots in order.
    pub(super) fn sort(&mut self) {
        if let Self::Many(lists) = self
            && !lists.slots.is_sorted()
        {
            let mut pairs: Vec<(u32, Count)> = self.iter().collect();
            pairs.sort_unstable_by_key(|(slot, _)| *slot);
            let (slots, counts) = pairs.into_iter().unzip();
            *self = Self::Many(Box::new(Lists { slots, counts }));
        }
    }

    pub(super) fn slots(&self) -> &[u32] {
        match self {
            Self::One(slot, _) => std::slice::from_ref(slot),
            Self::Many(lists) => &lists.slots,
        }
    }

    pub(super) fn counts(&self) -> &[Count] {
        match self {
            Self::One(_, count) => std::slice::from_ref(count),
            Self::Many(lists) => &lists.counts,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Count)> + '_ {
        self.slots().iter().copied().zip(self.counts().iter().copied())
    }

    /// What is known of one slot.
    pub(super) fn get(&self, slot: u32) -> Option<Count> {
        let at = self.slots().binary_search(&slot).ok()?;
        self.counts().get(at).copied()
    }
}
